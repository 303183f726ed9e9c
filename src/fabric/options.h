// SPDX-License-Identifier: Apache-2.0
//
// What a network is to be like, as data.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fabric/site_spec.h"
#include "link/access.h"
#include "link/rate.h"

namespace netcut {

enum class FabricKind {
    routed,  // the router forwards between /32s and /128s: a WAN, where loss is silent
    bridge   // one Ethernet segment, as Docker's: ARP, and MAC addresses that can go stale
};

struct FabricOptions {
    FabricKind kind = FabricKind::routed;
    bool ipv4 = true;
    bool ipv6 = true;
    unsigned mtu = 1500;            // bytes
    std::optional<RateLimit> rate;  // of each link, in each direction
    bool single_segments = false;   // no segmentation offload: one packet is one segment
    // Nodes that have a way out of the run, by way of the calling thread's network namespace; see
    // check_uplink().
    std::vector<std::string> uplink{};
    std::vector<AccessLink> access{};  // of nodes whose links have queues of their own, see fabric/access.h
    std::vector<SiteSpec> sites{};     // see fabric/sites.h
    bool name_server = false;          // a place for one, which all nodes reach
};

// The Linux bridge's own limit: BR_MAX_PORTS in net/bridge/br_private.h is 1 << 10, and port 0 is not used.
inline constexpr std::size_t max_bridge_ports = 1023;
// More than one machine runs federations of; the nodes' /16 has room for many that come back renumbered.
inline constexpr std::size_t max_nodes = 4097;

enum class LinkEnd { node, router };

// How a node that was unplugged comes back.
struct PlugOptions {
    bool new_address = false;
    bool new_mac = false;
    bool announce = true;  // gratuitous ARP and neighbour advertisement; matters on a bridge

    // Whether its peers see that it is another one. On routed links nobody sees a MAC address.
    bool changes_identity(const FabricOptions& fabric) const {
        return new_address || (new_mac && fabric.kind == FabricKind::bridge);
    }
};

}  // namespace netcut
