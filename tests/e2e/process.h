// SPDX-License-Identifier: Apache-2.0
//
// What /proc says of a process; "" of one that has ended.
#pragma once

#include <sys/types.h>

#include <string>

namespace netcut::test {

std::string proc_file(pid_t pid, const std::string& name);
std::string proc_link(pid_t pid, const std::string& name);
std::string program_of(pid_t pid);  // its name in /proc/PID/comm, of 15 characters at most
// A line of /proc/PID/status, its words parted by one space.
std::string status_of(pid_t pid, const std::string& key);

// Expects of a process of a run, which is in /proc with that name, that it has this user's rights and no others, and
// that a node has no capability at all. False: it has just ended. `groups`: as in /proc/PID/status.
bool expect_rights_of_user(pid_t pid, const std::string& name, uid_t user, const std::string& groups);

constexpr const char* worker_program = "netcut-fl-worke";
constexpr const char* tool_program = "netcut-fl";
constexpr const char* keeper_program = "netcut-fl-keep";
constexpr const char* init_program = "netcut-fl-init";

}  // namespace netcut::test
