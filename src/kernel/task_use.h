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
    Nanoseconds cpu{0};
    Nanoseconds most_waited{0};  // of that child of the root, with all below it, whose threads waited most
    Nanoseconds watched{0};      // until the last look
    std::uint64_t most_memory =
        0;  // bytes that are resident in all of them at one look, shared ones counted for each

    // The share of the time for which that child waited: so much of a run may have been lost at most. Who sleeps waits for
    // no CPU, and who wakes often for a moment waits a little each time, which is little of a run.
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
        Clock::time_point begun{};
        std::map<pid_t, Times> threads{};       // as they were at the last look
        std::map<pid_t, Nanoseconds> waited{};  // by children of the root, and of the root itself
        TaskUse use{};
    };
    // `branch`: the root's child that it belongs to.
    static void add_process(Tree& tree, pid_t process, pid_t branch);

    std::map<pid_t, Tree> trees_;
};

}  // namespace netcut
