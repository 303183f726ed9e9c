// SPDX-License-Identifier: Apache-2.0
#include "e2e/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "e2e/tool.h"

namespace netcut::test {

std::string proc_file(pid_t pid, const std::string& name) {
    return slurp("/proc/" + std::to_string(pid) + "/" + name);
}

std::string proc_link(pid_t pid, const std::string& name) {
    std::error_code gone;
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/" + name, gone);
}

std::string program_of(pid_t pid) {
    const std::string name = proc_file(pid, "comm");
    return name.substr(0, name.find('\n'));
}

std::string status_of(pid_t pid, const std::string& key) {
    std::istringstream lines(proc_file(pid, "status"));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(key + ":")) continue;
        std::istringstream words(line.substr(key.size() + 1));
        std::string text;
        for (std::string word; words >> word;) text += (text.empty() ? "" : " ") + word;
        return text;
    }
    return {};
}

bool expect_rights_of_user(pid_t pid, const std::string& name, uid_t user, const std::string& groups) {
    const std::string id = std::to_string(user);
    const std::string ids = id + " " + id + " " + id + " " + id;
    const std::string uids = status_of(pid, "Uid"), gids = status_of(pid, "Gid");
    const std::string space = proc_link(pid, "ns/user"), news = status_of(pid, "NoNewPrivs");
    const std::string filter = status_of(pid, "Seccomp"), own_groups = status_of(pid, "Groups");
    const std::string effective = status_of(pid, "CapEff"), permitted = status_of(pid, "CapPrm");
    if (space.empty() || permitted.empty()) return false;
    EXPECT_EQ(uids, ids) << name;
    EXPECT_EQ(gids, ids) << name;
    EXPECT_EQ(own_groups, groups) << name;
    EXPECT_NE(space, proc_link(::getpid(), "ns/user")) << name << " has rights over nothing of the machine's";
    EXPECT_EQ(news, "1") << name;
    EXPECT_EQ(filter, "2") << name << " is bound by the filter of runs";
    const bool is_node = name != worker_program && name != init_program && name != tool_program;
    if (!is_node) return true;
    EXPECT_EQ(effective, "0000000000000000") << name;
    EXPECT_EQ(permitted, "0000000000000000") << name;
    return true;
}

}  // namespace netcut::test
