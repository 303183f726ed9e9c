// SPDX-License-Identifier: Apache-2.0
#include "kernel/links.h"

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netlink/route/link/veth.h>

#include "kernel/libnl.h"

namespace netcut {
namespace {

NlAddr mac_address(const MacAddress& mac) {
    return own<NlAddr>(nl_addr_build(AF_LLC, mac.data(), mac.size()));
}

void fill_veth_end(rtnl_link* link, const VethEnd& end, unsigned mtu) {
    rtnl_link_set_name(link, end.name.c_str());
    rtnl_link_set_ifindex(link, end.index);
    rtnl_link_set_mtu(link, mtu);
    rtnl_link_set_addr(link, mac_address(end.mac).get());
}

// A message about one link with one attribute; libnl's objects have no setter for these.
void append_link_message(Batch& batch, std::string attempt, std::uint16_t type, int index, unsigned flags,
                         unsigned change, int attribute = 0, std::uint32_t value = 0) {
    const auto message = own<NlMsg>(nlmsg_alloc_simple(type, NLM_F_REQUEST));
    ifinfomsg info{};
    info.ifi_family = AF_UNSPEC;
    info.ifi_index = index;
    info.ifi_flags = flags;
    info.ifi_change = change;
    if (nlmsg_append(message.get(), &info, sizeof(info), NLMSG_ALIGNTO) < 0) throw std::bad_alloc();
    if (attribute != 0 && nla_put_u32(message.get(), attribute, value) < 0) throw std::bad_alloc();
    batch.append(nlmsg_hdr(message.get()), std::move(attempt));
}

}  // namespace

void add_veth(Batch& batch, const VethEnd& here, const VethEnd& there, const NetNs& peer_ns, unsigned mtu) {
    const auto link = own<COwner<rtnl_link, rtnl_link_veth_release>>(rtnl_link_veth_alloc());
    fill_veth_end(link.get(), here, mtu);
    // Not the peer: the kernel configures it before the two are joined, and refuses (ENOTCONN).
    rtnl_link_set_flags(link.get(), IFF_UP);
    const auto peer = own<NlLink>(rtnl_link_veth_get_peer(link.get()));
    fill_veth_end(peer.get(), there, mtu);
    rtnl_link_set_ns_fd(peer.get(), peer_ns.fd());
    append_request(batch, fmt::format("add the veth pair {} - {}", here.name, there.name), link.get(),
                   NLM_F_CREATE | NLM_F_EXCL, rtnl_link_build_add_request);
}

void add_bridge(Batch& batch, const std::string& name, int index, unsigned mtu) {
    const auto link = own<NlLink>(rtnl_link_alloc());
    rtnl_link_set_type(link.get(), "bridge");
    rtnl_link_set_name(link.get(), name.c_str());
    rtnl_link_set_ifindex(link.get(), index);
    rtnl_link_set_mtu(link.get(), mtu);
    rtnl_link_set_flags(link.get(), IFF_UP);
    append_request(batch, "add the bridge " + name, link.get(), NLM_F_CREATE | NLM_F_EXCL,
                   rtnl_link_build_add_request);
}

void set_link(Batch& batch, int index, bool up) {
    append_link_message(batch, fmt::format("set link {} {}", index, up ? "up" : "down"), RTM_NEWLINK, index,
                        up ? IFF_UP : 0, IFF_UP);
}

void set_master(Batch& batch, int index, int master) {
    append_link_message(batch, fmt::format("attach link {} to bridge {}", index, master), RTM_NEWLINK, index,
                        0, 0, IFLA_MASTER, static_cast<std::uint32_t>(master));
}

void set_mtu(Batch& batch, int index, unsigned mtu) {
    append_link_message(batch, fmt::format("set the MTU of link {} to {}", index, mtu), RTM_NEWLINK, index, 0,
                        0, IFLA_MTU, mtu);
}

void set_gso_max_segs(Batch& batch, int index, unsigned segments) {
    append_link_message(batch, fmt::format("limit link {} to {} segments a packet", index, segments),
                        RTM_NEWLINK, index, 0, 0, IFLA_GSO_MAX_SEGS, segments);
}

void delete_link(Batch& batch, int index) {
    append_link_message(batch, fmt::format("delete link {}", index), RTM_DELLINK, index, 0, 0);
}

void add_address(Batch& batch, int link, const IpAddress& address, unsigned prefix_length) {
    const auto object = own<NlAddress>(rtnl_addr_alloc());
    rtnl_addr_set_ifindex(object.get(), link);
    rtnl_addr_set_local(object.get(), to_nl(address, prefix_length).get());
    // Without nodad an IPv6 address is tentative, and of no use, for its first second or two.
    if (address.is_v6()) rtnl_addr_set_flags(object.get(), IFA_F_NODAD);
    append_request(batch, fmt::format("add the address {}/{}", address.to_string(), prefix_length),
                   object.get(), NLM_F_CREATE | NLM_F_REPLACE, rtnl_addr_build_add_request);
}

void add_route(Batch& batch, const Route& route) {
    const auto object = own<NlRoute>(rtnl_route_alloc());
    rtnl_route_set_family(object.get(), static_cast<std::uint8_t>(family_of(route.destination)));
    rtnl_route_set_dst(object.get(), to_nl(route.destination, route.prefix_length).get());
    rtnl_route_set_table(object.get(), static_cast<std::uint32_t>(route.table));
    rtnl_route_set_protocol(object.get(), RTPROT_STATIC);
    rtnl_route_set_scope(object.get(), route.gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
    rtnl_nexthop* hop = rtnl_route_nh_alloc();
    if (hop == nullptr) throw std::bad_alloc();
    rtnl_route_add_nexthop(object.get(), hop);  // owns it from here
    rtnl_route_nh_set_ifindex(hop, route.link);
    if (route.gateway) rtnl_route_nh_set_gateway(hop, to_nl(*route.gateway).get());
    append_request(batch,
                   fmt::format("add the route to {}/{}", route.destination.to_string(), route.prefix_length),
                   object.get(), NLM_F_CREATE | (route.exclusive ? NLM_F_EXCL : NLM_F_REPLACE),
                   rtnl_route_build_add_request);
}

void add_blackhole(Batch& batch, const IpAddress& address, int table) {
    const auto object = own<NlRoute>(rtnl_route_alloc());
    rtnl_route_set_family(object.get(), static_cast<std::uint8_t>(family_of(address)));
    rtnl_route_set_dst(object.get(), to_nl(address, address.is_v6() ? 128 : 32).get());
    rtnl_route_set_table(object.get(), static_cast<std::uint32_t>(table));
    rtnl_route_set_protocol(object.get(), RTPROT_STATIC);
    rtnl_route_set_type(object.get(), RTN_BLACKHOLE);
    append_request(batch, "lose what is sent to " + address.to_string(), object.get(),
                   NLM_F_CREATE | NLM_F_REPLACE, rtnl_route_build_add_request);
}

void add_routing_rule(Batch& batch, const RoutingRule& rule) {
    const auto object = own<NlRule>(rtnl_rule_alloc());
    rtnl_rule_set_family(object.get(), rule.ipv6 ? AF_INET6 : AF_INET);
    if (!rule.from_link.empty()) rtnl_rule_set_iif(object.get(), rule.from_link.c_str());
    if (rule.mark) rtnl_rule_set_mark(object.get(), *rule.mark);
    rtnl_rule_set_prio(object.get(), rule.priority);
    if (rule.table == main_routes) {
        rtnl_rule_set_action(object.get(), FR_ACT_GOTO);
        rtnl_rule_set_goto(object.get(), priority_of_main_routes);
    } else {
        rtnl_rule_set_action(object.get(), FR_ACT_TO_TBL);
        rtnl_rule_set_table(object.get(), static_cast<std::uint32_t>(rule.table));
    }
    append_request(batch, "add the routing rule for table " + std::to_string(rule.table), object.get(),
                   NLM_F_CREATE | NLM_F_EXCL, rtnl_rule_build_add_request);
}

void add_neighbour(Batch& batch, const Neighbour& neighbour) {
    const auto object = own<NlNeighbour>(rtnl_neigh_alloc());
    rtnl_neigh_set_ifindex(object.get(), neighbour.link);
    rtnl_neigh_set_family(object.get(), family_of(neighbour.address));
    rtnl_neigh_set_dst(object.get(), to_nl(neighbour.address).get());
    rtnl_neigh_set_lladdr(object.get(), mac_address(neighbour.mac).get());
    rtnl_neigh_set_state(object.get(), NUD_PERMANENT);
    append_request(batch, "add the neighbour " + neighbour.address.to_string(), object.get(),
                   NLM_F_CREATE | NLM_F_REPLACE, rtnl_neigh_build_add_request);
}

}  // namespace netcut
