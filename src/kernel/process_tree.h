// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <ctime>
#include <map>
#include <vector>

#include "netcut/base.h"

namespace netcut {

// CPU time of a process and of all that it and its children ever started (clock_getcpuclockid(3)).
// May be used by one thread at a time.
class ProcessTree {
  public:
    explicit ProcessTree(pid_t root) : root_(root) {}

    // Looks for processes that have come, in /proc/PID/task/TID/children. One that came and went between two
    // looks is never seen.
    Result<void> look();
    // Of all that were seen, also of those that have ended, up to the last call; it never decreases.
    Nanoseconds cpu_time();

  private:
    struct Process {
        clockid_t clock = 0;
        Nanoseconds used{0};
    };
    void add(pid_t pid);

    pid_t root_;
    std::map<pid_t, Process> processes_;
    Nanoseconds total_{0};
};

}  // namespace netcut
