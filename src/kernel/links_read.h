// SPDX-License-Identifier: Apache-2.0
//
// rtnetlink: what links, routes and neighbours there are.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "kernel/address.h"
#include "kernel/netlink.h"

namespace netcut {

struct LinkState {
    int index = 0;
    std::string name;
    bool up = false;
    bool running = false;  // it has a carrier, and its queue is awake: the kernel's link watch has seen it
    unsigned mtu = 0;
    unsigned gso_max_segs = 0;
    MacAddress mac{};
};

Result<std::vector<LinkState>> list_links(NetlinkSocket& socket);
struct RouteState {
    IpAddress destination;
    unsigned prefix_length = 0;
    bool local = false;  // of the local table: the address is ours, and packets to it are taken in
};
// Unicast routes of the main table, and the local table's, over `link`.
Result<std::vector<RouteState>> list_routes(NetlinkSocket& socket, int link);

// Whose link address is known, or is sought; over any link.
struct NeighbourState {
    IpAddress address{};
    MacAddress mac{};      // zero: it has none
    bool resolved = true;  // false: it is sought, or was in vain
};
Result<std::vector<NeighbourState>> list_neighbours(NetlinkSocket& socket);
// Addresses of which the namespace tries to find out the link address, or has tried in vain.
Result<std::vector<IpAddress>> list_unresolved(NetlinkSocket& socket);

}  // namespace netcut
