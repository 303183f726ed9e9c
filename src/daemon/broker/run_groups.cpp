// SPDX-License-Identifier: Apache-2.0
#include "daemon/broker/run_groups.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <sstream>

#include "base/io.h"
#include "kernel/control_group.h"

namespace netcut {
namespace {

constexpr const char* no_groups =
    "start netcut-fld by its units, on a machine with cgroup v2, or leave --delegated out";
// Above what nodes may have, as in netcut-fl-launch.
constexpr unsigned tasks_of_ours = 512;

Result<void> put(const std::string& file, const std::string& text) {
    const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return system_failure("open " + file, no_groups);
    if (::write(fd.get(), text.data(), text.size()) < 0)
        return system_failure("write " + text + " to " + file, no_groups);
    return {};
}

Result<void> make_group(const std::string& path) {
    const bool there = ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST;
    // Whatever our umask is: who is in it may see its limits.
    if (there && ::chmod(path.c_str(), 0755) == 0) return {};
    return system_failure("make the control group " + path, no_groups);
}

}  // namespace

Result<RunGroups> RunGroups::divide_own() {
    NETCUT_ASSIGN(const std::string own, own_control_group());
    const std::string ours = own + "/netcut-fld";
    NETCUT_TRY(make_group(ours));
    NETCUT_ASSIGN(const std::string pids, read_file(own + "/cgroup.procs"));
    std::istringstream lines(pids);
    for (std::string pid; std::getline(lines, pid);) NETCUT_TRY(put(ours + "/cgroup.procs", pid));
    NETCUT_TRY(put(own + "/cgroup.subtree_control", "+memory +pids"));
    return RunGroups(own);
}

Result<std::string> RunGroups::make(uid_t user, std::uint64_t program, const Limits& limits) const {
    const std::string of_user = fmt::format("{}/user-{}", own_, user);
    NETCUT_TRY(make_group(of_user));
    const std::string memory = limits.memory > 0 ? std::to_string(limits.memory) : "max";
    NETCUT_TRY(put(of_user + "/memory.max", memory));
    NETCUT_TRY(put(of_user + "/pids.max", std::to_string(limits.processes + tasks_of_ours)));
    std::string path = fmt::format("{}/{}", of_user, program);
    NETCUT_TRY(make_group(path));
    return path;
}

void RunGroups::end(const std::string& group) {
    (void)put(group + "/cgroup.kill", "1");  // since Linux 5.14; before that, what is left ends with its init
    ended_.push_back(group);
    tidy();
}

void RunGroups::tidy() {
    std::erase_if(ended_, [](const std::string& group) {
        if (::rmdir(group.c_str()) != 0) return errno == ENOENT;
        ::rmdir(std::filesystem::path(group).parent_path().c_str());  // if it was the user's last
        return true;
    });
}

}  // namespace netcut
