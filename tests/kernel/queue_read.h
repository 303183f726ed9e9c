// SPDX-License-Identifier: Apache-2.0
//
// Queues and filters as the kernel has them.
#pragma once

#include "base/error.h"
#include "kernel/netlink.h"

namespace netcut::test {

struct QueueState {
    std::string kind;  // "netem", "tbf", "htb", "bfifo", "pfifo", "clsact", ...
    std::uint32_t handle = 0, parent = 0;
    std::uint64_t packets = 0, bytes = 0;  // that have left it
    std::uint32_t waiting_packets = 0, waiting_bytes = 0;
    std::uint32_t drops = 0;
};
// The root first, then what is in it. (A queue that the kernel made by itself may not be listed.)
Result<std::vector<QueueState>> list_queues(NetlinkSocket& socket, int link);
struct Redirect {
    std::uint32_t mark = 0;
    int queue_device = 0;
    std::uint64_t packets = 0, bytes = 0;
};
Result<std::vector<Redirect>> list_redirects(NetlinkSocket& socket, int port);

}  // namespace netcut::test
