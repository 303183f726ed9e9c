// SPDX-License-Identifier: Apache-2.0
#include "kernel/control_group.h"

#include <sstream>

#include "base/io.h"

namespace netcut {
namespace {

constexpr std::string_view tree_of_groups = "/sys/fs/cgroup";  // where systemd mounts it, and all others

}  // namespace

Result<std::string> own_control_group() {
    NETCUT_ASSIGN(const std::string text, read_file("/proc/self/cgroup"));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)  // "0::/system.slice/x.service"
        if (line.starts_with("0::/"))
            return std::string(tree_of_groups) + (line == "0::/" ? "" : line.substr(3));
    return usage_failure("find the own control group", "this machine has no cgroup v2");
}

bool control_group_limits_memory() {
    auto group = own_control_group();
    while (group && group->size() > tree_of_groups.size()) {
        const auto limit = read_file(*group + "/memory.max");
        if (limit && !limit->starts_with("max")) return true;
        group->erase(group->rfind('/'));
    }
    return false;
}

}  // namespace netcut
