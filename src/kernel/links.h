// SPDX-License-Identifier: Apache-2.0
//
// rtnetlink: each function appends one or more messages to a batch (libnl-3-route builds them).
#pragma once

#include <optional>
#include <string>

#include "kernel/address.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"

namespace netcut {

struct VethEnd {
    std::string name;
    int index = 0;  // chosen by us, so that nothing has to be asked for afterwards
    MacAddress mac{};
};
struct Neighbour {
    int link;
    IpAddress address;
    MacAddress mac;
};
inline constexpr int main_routes = 254;  // the routing table that is asked unless a rule says otherwise
struct Route {
    IpAddress destination;
    unsigned prefix_length;
    int link;
    std::optional<IpAddress> gateway;
    int table = main_routes;
    bool exclusive = false;  // refused (EEXIST) if there is one to the same destination; else it is replaced
};
inline constexpr unsigned priority_of_main_routes = 32766;
// Some packets are also looked for in `table`; rules are asked from the lowest priority on.
struct RoutingRule {
    std::string from_link{};              // what comes in by it; by name: it may go, and come again
    std::optional<std::uint32_t> mark{};  // what has it
    int table = main_routes;              // main_routes: no rule in between is asked
    unsigned priority = 0;
    bool ipv6 = false;
};

// Both ends are made where they belong in one message: `here` in the socket's namespace, `there` in
// `peer_ns`. `here` is set up, `there` must be. Measured: 0.75 ms a link, against 17 ms for making it first
// and moving it then.
void add_veth(Batch& batch, const VethEnd& here, const VethEnd& there, const NetNs& peer_ns, unsigned mtu);
void add_bridge(Batch& batch, const std::string& name, int index, unsigned mtu);
void set_link(Batch& batch, int index, bool up);
void set_master(Batch& batch, int index, int master);
// The link's own end alone.
void set_mtu(Batch& batch, int index, unsigned mtu);
// 1 makes every packet on the link one segment, so that packets and bytes can be counted exactly.
void set_gso_max_segs(Batch& batch, int index, unsigned segments);
void delete_link(Batch& batch, int index);
void add_address(Batch& batch, int link, const IpAddress& address, unsigned prefix_length);
void add_route(Batch& batch, const Route& route);
// What is to go there is lost silently.
void add_blackhole(Batch& batch, const IpAddress& address, int table = main_routes);
void add_routing_rule(Batch& batch, const RoutingRule& rule);
void add_neighbour(Batch& batch, const Neighbour& neighbour);  // permanent

}  // namespace netcut
