// SPDX-License-Identifier: Apache-2.0
//
// What has passed the queues of a namespace, as the kernel counts it (rtnetlink, RTM_GETQDISC).
#pragma once

#include <cstdint>
#include <map>

#include "base/error.h"
#include "kernel/netlink.h"

namespace netcut {

struct QueueCount {
    std::uint64_t bytes = 0, packets = 0;  // that have left it: frames, with their Ethernet header
    std::uint64_t lost = 0;                // packets that it had no room for
    std::uint64_t waiting = 0;             // bytes
};
// Of the tbf at the root of each link that has one, by the link's index. They begin when the queue is made.
Result<std::map<int, QueueCount>> count_queues(NetlinkSocket& socket);

}  // namespace netcut
