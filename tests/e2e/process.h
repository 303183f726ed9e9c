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

constexpr const char* worker_program = "netcut-fl-worke";
constexpr const char* init_program = "netcut-fl-init";

}  // namespace netcut::test
