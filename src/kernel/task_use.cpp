// SPDX-License-Identifier: Apache-2.0
#include "kernel/task_use.h"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "kernel/process_tree.h"

namespace netcut {
namespace {

// Calls `each` for the entries of a folder in /proc that are numbers.
void for_each_number(const std::string& path, const std::function<void(pid_t)>& each) {
    const auto close = [](DIR* folder) { ::closedir(folder); };
    const std::unique_ptr<DIR, decltype(close)> folder(::opendir(path.c_str()), close);
    if (!folder) return;  // it has ended
    while (const dirent* entry = ::readdir(folder.get()))
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
            each(static_cast<pid_t>(std::atoi(entry->d_name)));
}

// The second word behind the name, which may have anything in it, see proc_pid_stat(5).
pid_t parent_of(pid_t process) {
    const std::string stat = read_proc(fmt::format("/proc/{}/stat", process));
    const std::size_t name_end = stat.rfind(')');
    int parent = 0;
    if (name_end == std::string::npos || std::sscanf(stat.c_str() + name_end + 1, " %*c %d", &parent) != 1)
        return 0;
    return parent;
}

std::uint64_t resident_bytes(pid_t process) {
    const std::string statm = read_proc(fmt::format("/proc/{}/statm", process));
    std::uint64_t pages = 0;
    if (std::sscanf(statm.c_str(), "%*u %" SCNu64, &pages) != 1) return 0;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

double TaskUse::starved() const {
    return watched > Nanoseconds(0) ? std::min(1.0, seconds(most_waited) / seconds(watched)) : 0;
}

void TaskWatch::begin(pid_t root) {
    trees_[root].begun = Clock::now();
}

void TaskWatch::add_process(Tree& tree, pid_t process, pid_t branch) {
    Nanoseconds& waited_by_branch = tree.waited[branch];
    const std::string tasks = fmt::format("/proc/{}/task", process);
    for_each_number(tasks, [&](pid_t thread) {
        const std::string text = read_proc(fmt::format("{}/{}/schedstat", tasks, thread));
        std::int64_t ran = 0, waited = 0;
        if (std::sscanf(text.c_str(), "%" SCNd64 " %" SCNd64, &ran, &waited) != 2) return;
        Times& before = tree.threads[thread];
        if (Nanoseconds(ran) < before.cpu || Nanoseconds(waited) < before.waited)
            before = {};  // another's now
        tree.use.cpu += Nanoseconds(ran) - before.cpu;
        waited_by_branch += Nanoseconds(waited) - before.waited;
        before = {Nanoseconds(ran), Nanoseconds(waited)};
    });
    tree.use.most_waited = std::max(tree.use.most_waited, waited_by_branch);
}

void TaskWatch::look() {
    if (trees_.empty()) return;
    const auto now = Clock::now();
    std::map<pid_t, std::vector<pid_t>> children;
    for_each_number("/proc", [&](pid_t process) { children[parent_of(process)].push_back(process); });
    for (auto& [root, tree] : trees_) {
        std::vector<std::pair<pid_t, pid_t>> found{{root, root}};  // each with its branch
        tree.use.watched = now - tree.begun;
        std::uint64_t memory = 0;
        for (std::size_t i = 0; i < found.size(); ++i) {
            const auto [process, branch] = found[i];
            add_process(tree, process, branch);
            memory += resident_bytes(process);
            const auto below = children.find(process);
            if (below == children.end()) continue;
            for (const pid_t child : below->second)
                found.emplace_back(child, process == root ? child : branch);
        }
        tree.use.most_memory = std::max(tree.use.most_memory, memory);
    }
}

TaskUse TaskWatch::so_far(pid_t root) const {
    const auto tree = trees_.find(root);
    return tree == trees_.end() ? TaskUse{} : tree->second.use;
}

TaskUse TaskWatch::end(pid_t root) {
    const TaskUse use = so_far(root);
    trees_.erase(root);
    return use;
}

}  // namespace netcut
