// SPDX-License-Identifier: Apache-2.0
#include "kernel/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <sstream>

namespace netcut {
namespace {

std::optional<Nanoseconds> read_clock(clockid_t clock) {
    timespec time{};
    if (::clock_gettime(clock, &time) != 0) return {};
    return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

// The second number; none without CONFIG_SCHED_INFO, or when it has ended.
Nanoseconds read_ready(int schedstat) {
    std::array<char, 64> text{};
    std::int64_t ready = 0;
    if (::pread(schedstat, text.data(), text.size() - 1, 0) > 0)
        if (std::sscanf(text.data(), "%*d %" SCNd64, &ready) != 1) ready = 0;
    return Nanoseconds(ready);
}

}  // namespace

// The file is short but for a process with hundreds of children, and there is one for each thread.
std::string read_proc(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 1024> buffer;
    for (ssize_t count = 0; fd && (count = ::read(fd.get(), buffer.data(), buffer.size())) > 0;)
        text.append(buffer.data(), static_cast<std::size_t>(count));
    return text;  // empty if it has ended
}

void add_children(pid_t pid, std::vector<pid_t>& found) {
    const auto close = [](DIR* folder) { ::closedir(folder); };
    const std::string tasks = fmt::format("/proc/{}/task/", pid);
    const std::unique_ptr<DIR, decltype(close)> folder(::opendir(tasks.c_str()), close);
    if (!folder) return;  // it has ended
    while (const dirent* thread = ::readdir(folder.get())) {
        if (thread->d_name[0] == '.') continue;
        std::istringstream children(read_proc(tasks + thread->d_name + "/children"));
        for (pid_t child = 0; children >> child;) found.push_back(child);
    }
}

Result<void> ProcessTree::look() {
    if (::access("/proc/thread-self/children", F_OK) != 0)
        return system_failure("read the children of a process",
                              "this kernel lacks it; use one that is built with CONFIG_PROC_CHILDREN");
    std::vector<pid_t> generation{root_};
    for (unsigned depth = 0; !generation.empty(); ++depth) {
        std::vector<pid_t> children;
        for (const pid_t process : generation) {
            if (depth >= left_out_) add(process);
            add_children(process, children);
        }
        generation = std::move(children);
    }
    return {};
}

void ProcessTree::add(pid_t pid) {
    if (processes_.contains(pid)) return;
    Process process;
    if (::clock_getcpuclockid(pid, &process.clock) != 0) return;
    process.schedstat = Fd(::open(fmt::format("/proc/{}/schedstat", pid).c_str(), O_RDONLY | O_CLOEXEC));
    processes_[pid] = std::move(process);
}

ProcessTree::Times ProcessTree::read() {
    for (auto at = processes_.begin(); at != processes_.end();) {
        Process& process = at->second;
        const auto used = read_clock(process.clock);
        if (!used) {
            at = processes_.erase(at);
            continue;
        }
        ++at;
        if (*used == process.used) continue;
        const Nanoseconds ready = read_ready(process.schedstat.get());
        // Less than before: its number is another's now.
        total_.cpu += *used < process.used ? *used : *used - process.used;
        total_.ready += std::max(ready - process.ready, Nanoseconds(0));
        process.used = *used;
        process.ready = ready;
    }
    return total_;
}

}  // namespace netcut
