// SPDX-License-Identifier: Apache-2.0
//
// What a daemon takes of the machine, and how long others wait for it.
#pragma once

#include "e2e/daemon.h"

namespace netcut::test {

// "VmHWM", "VmRSS", ... of /proc/PID/status.
long memory_kib(pid_t pid, const std::string& name);
std::size_t open_files_of(pid_t pid);
std::chrono::nanoseconds cpu_time_of(pid_t pid);
// The longest of a few requests of bob's, one after another.
std::chrono::milliseconds longest_wait(const Daemon& daemon, int requests = 10);
// A program in Python of alice's, with the daemon's socket as its argument; `ready` is what it prints when it
// has begun.
std::unique_ptr<Tool> begin_attack(const Daemon& daemon, const std::string& program,
                                   const std::string& ready);

}  // namespace netcut::test
