// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <vector>

#include "base/time.h"

namespace netcut {

// What the processes of a tree have used, and how long their threads were ready to run and had no CPU
// (/proc/PID/task/TID/schedstat, see sched-stats.rst).
struct TaskUse {
    Nanoseconds cpu{0}, waited{0};
    std::uint64_t most_memory =
        0;  // bytes that are resident in all of them at one look, shared ones counted for each

    // The share of the time in which they could run that they had no CPU; 0: they never ran.
    double starved() const;
};

// Watches several trees by one walk through /proc for all of them, so that it needs no list of children in the kernel
// (CONFIG_PROC_CHILDREN). What comes and goes between two looks is not seen. May be used by one thread at a time.
class TaskWatch {
  public:
    void begin(pid_t root);
    void look();
    // What is known of it; it is watched no longer.
    TaskUse end(pid_t root);
    TaskUse so_far(pid_t root) const;

  private:
    struct Times {
        Nanoseconds cpu{0}, waited{0};
    };
    struct Tree {
        std::map<pid_t, Times> threads{};  // as they were at the last look
        TaskUse use{};
    };
    static void add_process(Tree& tree, pid_t process);

    std::map<pid_t, Tree> trees_;
};

}  // namespace netcut
