// SPDX-License-Identifier: Apache-2.0
//
// Links whose rates change, each between a node and its port of the router:
//
//     node (eth0) --- access: toN | upN --- port (router)
//
// Access is one namespace for all of them. It has no addresses: what comes in by one end of a link leaves by its other
// end, through that end's token bucket. So a packet waits behind the node's own interface, as in a modem: TCP there does not
// know of the queue, and is not told of what overflows. Faults act at the port, behind the queue of what comes up and in front of that of
// what goes down, and count packets there as ever.
//
// Ownership: an Access owns its namespace and its sockets. Threads: any; a call waits for another one's end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "kernel/links.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/packet_sender.h"
#include "link/access.h"
#include "link/pacer.h"

namespace netcut {

class Access {
  public:
    // `links`: of each node of the fabric by its index; none: that one's link goes to its port as without Access.
    static Result<std::unique_ptr<Access>> open(std::vector<std::optional<AccessLink>> links, unsigned mtu,
                                                bool single_segments);

    const NetNs& ns() const { return ns_; }
    bool has(std::size_t node) const { return node < links_.size() && links_[node].spec.has_value(); }
    // Its end of the pair whose other end is the router's port.
    VethEnd to_router(std::size_t node) const;
    // When that pair is there: makes the other one, to the node's end in `node_ns`, and joins both. Queues are as they
    // were before, or none, until they are set for the first time.
    Result<void> join(std::size_t node, const VethEnd& eth0, const NetNs& node_ns);
    // Before the port goes, and the end of its pair with it: removes the node's end.
    Result<void> leave(std::span<const std::size_t> nodes);
    // Whether both pairs of these nodes pass packets.
    Result<bool> are_running(std::span<const std::size_t> nodes);

    struct Change {
        std::size_t node;
        bool up;  // the direction
        BucketRate pace;
    };
    // In one batch. Links that are unplugged are as asked for when they are joined again.
    Result<void> set(std::span<const Change> changes);
    struct Counts {
        LinkCount up{}, down{};
    };
    // Of each node, since Access was opened; of those without such a link, zero.
    Result<std::vector<Counts>> count();

  private:
    struct Direction {
        std::optional<BucketRate> pace{};
        LinkCount before{};       // by queues that are gone
        std::uint64_t kicks = 0;  // since the queue was made
        LinkCount now{};
    };
    struct Link {
        std::optional<AccessLink> spec{};
        bool joined = false;
        Direction up{}, down{};
    };

    Access(std::vector<std::optional<AccessLink>> links, unsigned mtu, bool single_segments, NetNs ns,
           NetlinkSocket socket, PacketSender sender);
    void append_queue(Batch& batch, std::size_t node, bool up) const;
    void kick(std::size_t node, bool up);
    Result<void> read_counts();

    std::vector<Link> links_;
    const unsigned mtu_;
    const bool single_segments_;
    NetNs ns_;
    NetlinkSocket socket_;
    PacketSender sender_;
    std::mutex mutex_;
};

}  // namespace netcut
