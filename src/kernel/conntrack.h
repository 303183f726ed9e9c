// SPDX-License-Identifier: Apache-2.0
//
// The flows that a namespace keeps track of (nf_conntrack). The socket is of NETLINK_NETFILTER, and of that namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "kernel/address.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"

namespace netcut {

// One end is who opened it; `seen` is what the other end takes it for, which differs if it is translated.
struct TrackedFlow {
    std::uint8_t protocol = 0;
    IpAddress opener, other, seen;
    std::uint16_t opener_port = 0, other_port = 0, seen_port = 0;
};

// Walks the machine's whole table, which takes milliseconds.
Result<std::vector<TrackedFlow>> list_tracked_flows(NetlinkSocket& socket);
// All of them are forgotten.
void append_forgetting(Batch& batch);

// What the kernel tells of new flows by itself, from when it was opened.
class FlowWatch {
  public:
    // None: this kernel does not tell (CONFIG_NF_CONNTRACK_EVENTS).
    static Result<std::optional<FlowWatch>> open(const NetNs& where);
    // Those since it was read last; never waits. False: there were more than the socket has room for.
    Result<bool> read(std::vector<TrackedFlow>& flows);

  private:
    explicit FlowWatch(NetlinkSocket socket) : socket_(std::move(socket)) {}
    NetlinkSocket socket_;
};

}  // namespace netcut
