// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "kernel/netlink.h"
#include "kernel/wait_facts.h"

namespace netcut {

struct WaitReading {
    NodeWaits facts;
    // Two readings with the same marks: between the first's end and the second's begin no thread of the node
    // has run, and its sockets have not changed.
    std::vector<std::uint64_t> marks;
};

// Reads what all threads of the node wait for, from /proc, and its sockets, from `diag`, which is of its namespace.
// `outermost`: the first of the two processes of netcut-fl-init above the node's own. Options of sockets and
// arguments in memory are read with ptrace's rights (ptrace(2), "Ptrace access mode checking"): the run's process
// has them over its nodes, as their user and with CAP_SYS_PTRACE in the namespace in which they are. What could
// not be read is named in the result. Takes some 50 us a thread, and changes nothing.
Result<WaitReading> read_waits(pid_t outermost, NetlinkSocket& diag);

}  // namespace netcut
