// SPDX-License-Identifier: Apache-2.0
#include "kernel/precedence.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace netcut {

bool take_precedence(int thread) {
    constexpr std::int32_t niceness = -15;
    if (::getpriority(PRIO_PROCESS, static_cast<id_t>(thread)) != 0) return true;
    // By hand: sched_setattr(2) has no function in glibc before 2.41.
    sched_attr attributes{};
    attributes.size = sizeof(attributes);
    attributes.sched_policy = SCHED_NORMAL;
    attributes.sched_flags = SCHED_FLAG_RESET_ON_FORK;
    attributes.sched_nice = niceness;
    return ::syscall(SYS_sched_setattr, thread, &attributes, 0) == 0;
}

}  // namespace netcut
