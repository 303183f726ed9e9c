// SPDX-License-Identifier: Apache-2.0
#include "kernel/id_maps.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace netcut {
namespace {

bool write_at_once(const std::string& path, const std::string& text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int code = errno;
    ::close(fd);
    errno = code;
    return written;
}

std::string line_of(unsigned id) {
    return std::to_string(id) + " " + std::to_string(id) + " 1\n";
}

// As many as fit: the kernel takes one page and 340 lines. A group that is not mapped still opens what is the
// group's.
std::string map_of_groups(const Ids& ids) {
    constexpr std::size_t most_bytes = 4095;
    constexpr int most_lines = 340;
    std::vector<gid_t> groups = ids.groups;
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    std::string map = line_of(ids.gid);
    int lines = 1;
    for (const gid_t group : groups) {
        const std::string line = line_of(group);
        if (group == ids.gid || lines == most_lines || map.size() + line.size() > most_bytes) continue;
        map += line;
        ++lines;
    }
    return map;
}

}  // namespace

bool write_id_maps(pid_t process, const Ids& ids) {
    const std::string folder = "/proc/" + std::to_string(process);
    return write_at_once(folder + "/setgroups", "deny") &&
           write_at_once(folder + "/uid_map", line_of(ids.uid)) &&
           write_at_once(folder + "/gid_map", map_of_groups(ids));
}

const char* mount_own_proc() {
    if (::unshare(CLONE_NEWNS) != 0) return "make a mount namespace";
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return "keep mounts to the run";
    if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
        return "mount /proc for the run";
    return nullptr;
}

}  // namespace netcut
