// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"

namespace netcut {

// Of a process or thread; empty if it has ended, or must not be read.
std::string read_proc(const std::string& path);
// Its own children, and those of its threads.
void add_children(pid_t pid, std::vector<pid_t>& found);

// CPU time of a process and of all that it and its children ever started (clock_getcpuclockid(3)), and how
// long they were ready to run and had no CPU. May be used by one thread at a time.
class ProcessTree {
  public:
    // `left_out`: how many generations, from the root on, are not counted.
    explicit ProcessTree(pid_t root, unsigned left_out = 0) : root_(root), left_out_(left_out) {}

    // Looks for processes that have come, in /proc/PID/task/TID/children. One that came and went between two
    // looks is never seen.
    Result<void> look();
    // Of all that were seen, also of those that have ended, up to the last call; neither ever decreases.
    struct Times {
        Nanoseconds cpu{0};
        Nanoseconds ready{0};  // of their first threads alone, known when one has got a CPU (sched-stats.rst)
    };
    Times read();

  private:
    struct Process {
        clockid_t clock = 0;
        Nanoseconds used{0}, ready{0};
        Fd schedstat;
    };
    void add(pid_t pid);

    pid_t root_;
    unsigned left_out_;
    std::map<pid_t, Process> processes_;
    Times total_;
};

}  // namespace netcut
