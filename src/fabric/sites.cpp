// SPDX-License-Identifier: Apache-2.0
#include "fabric/sites.h"

#include <netinet/in.h>  // before linux/netfilter.h, which then leaves out what it has
// clang-format off
#include <linux/netfilter.h>
// clang-format on
#include <linux/if_ether.h>
#include <linux/netlink.h>

#include <algorithm>
#include <set>

#include "fabric/addresses.h"
#include "fabric/fabric.h"
#include "fabric/ready.h"
#include "fabric/settings.h"
#include "fabric/way.h"
#include "kernel/nftables.h"
#include "kernel/rate.h"

namespace netcut {
namespace {

constexpr const char* sites_table = "netcut-sites";
// Where packets come from: outside of all sites, or site N; 0 is the router itself.
constexpr std::uint32_t outside_mark = 0x73000000;
// Routing tables of the router, and when they are asked: before the main one.
constexpr int outside_routes = 200, first_site_routes = 1000;
constexpr unsigned outside_priority = 100, end_of_outside = 101, first_site_priority = 1000;
// In front of all that looks at packets, in front of faults (0), and where a packet's way can still be changed.
constexpr std::int32_t mark_hook = -200, unmark_hook = -1;

constexpr const char *ports_map = "ports", *origins_v4 = "origins4", *origins_v6 = "origins6";

std::uint32_t mark_of(std::size_t site) {
    return outside_mark + 1 + static_cast<std::uint32_t>(site);
}
int routes_of(std::size_t site) {
    return first_site_routes + static_cast<int>(site);
}
NftKey link_key(const VethEnd& link) {
    return nft_key(static_cast<std::uint32_t>(link.index));
}

std::vector<std::optional<std::size_t>> sites_of(const FabricOptions& options,
                                                 const std::vector<std::string>& names) {
    std::vector<std::optional<std::size_t>> all(names.size());
    for (std::size_t site = 0; site < options.sites.size(); ++site)
        for (const std::string& node : options.sites[site].nodes) {
            const auto found = std::find(names.begin(), names.end(), node);
            if (found != names.end()) all[static_cast<std::size_t>(found - names.begin())] = site;
        }
    return all;
}

std::optional<RateLimit> lower(const std::optional<RateLimit>& one, const std::optional<RateLimit>& other) {
    if (!one || !other) return one ? one : other;
    return other->bits_per_second < one->bits_per_second ? other : one;
}

bool is_same(const std::optional<RateLimit>& one, const std::optional<RateLimit>& other) {
    return !one || !other || one->bits_per_second == other->bits_per_second;
}

// What the router itself says to the outside in a node's name, or of a packet to it, goes the way that the node's packets go: a reset
// has the sender's address, an error quotes the packet.
void add_origin_rules(NftTransaction& transaction) {
    struct Family {
        std::uint16_t ethertype;
        std::uint8_t icmp;
        std::uint32_t source, quoted, bytes;
        const char* map;
    };
    constexpr std::uint32_t icmp_header = 8;
    for (const Family& family : {Family{ETH_P_IP, IPPROTO_ICMP, 12, icmp_header + 16, 4, origins_v4},
                                 Family{ETH_P_IPV6, IPPROTO_ICMPV6, 8, icmp_header + 24, 16, origins_v6}}) {
        const NftKey ethertype = {static_cast<std::uint8_t>(family.ethertype >> 8),
                                  static_cast<std::uint8_t>(family.ethertype)};
        NftRule by_source("output"), by_quote("output");
        by_source.meta(NFT_META_PROTOCOL).equals(ethertype);
        by_source.payload(NFT_PAYLOAD_NETWORK_HEADER, family.source, family.bytes).replace_by(family.map);
        by_source.set_meta(NFT_META_MARK);
        by_quote.meta(NFT_META_L4PROTO).equals({family.icmp});
        by_quote.payload(NFT_PAYLOAD_TRANSPORT_HEADER, family.quoted, family.bytes).replace_by(family.map);
        by_quote.set_meta(NFT_META_MARK);
        transaction.add_rule(by_source);
        transaction.add_rule(by_quote);
    }
}

void add_mark_rules(NftTransaction& transaction) {
    transaction.add_base_chain("prerouting", NF_INET_PRE_ROUTING, mark_hook);
    NftRule outside("prerouting"), inside("prerouting");
    outside.constant(outside_mark).set_meta(NFT_META_MARK);
    inside.meta(NFT_META_IIF).replace_by(ports_map).set_meta(NFT_META_MARK);
    transaction.add_rule(outside);
    transaction.add_rule(inside);
    // Faults have marks of their own.
    transaction.add_base_chain("forward", NF_INET_FORWARD, unmark_hook);
    NftRule unmark("forward");
    unmark.constant(0).set_meta(NFT_META_MARK);
    transaction.add_rule(unmark);
    transaction.add_route_chain("output", mark_hook);
    add_origin_rules(transaction);
}

}  // namespace

Sites::Sites(const FabricOptions& options, std::vector<std::optional<std::size_t>> of_node,
             NetlinkSocket routes, NetlinkSocket filters)
    : ipv4_(options.ipv4),
      ipv6_(options.ipv6),
      of_node_(std::move(of_node)),
      routes_(std::move(routes)),
      filters_(std::move(filters)) {}

Result<std::unique_ptr<Sites>> Sites::open(const FabricOptions& options,
                                           const std::vector<std::string>& names, const NetNs& router) {
    NETCUT_ASSIGN(NetlinkSocket routes, NetlinkSocket::open(NETLINK_ROUTE, &router));
    NETCUT_ASSIGN(NetlinkSocket filters, NetlinkSocket::open(NETLINK_NETFILTER, &router));
    std::unique_ptr<Sites> sites(
        new Sites(options, sites_of(options, names), std::move(routes), std::move(filters)));
    NETCUT_TRY(sites->make_routers(options));
    NETCUT_TRY(sites->join_router());
    return sites;
}

Result<void> Sites::make_routers(const FabricOptions& options) {
    const Settings settings = router_settings(options);
    std::vector<NetlinkSocket> routes, filters;
    const auto prepare_routes = preparation(settings, routes);
    const auto tunnels = std::count_if(options.sites.begin(), options.sites.end(),
                                       [](const SiteSpec& site) { return site.vpn != Vpn::none; });
    std::size_t gate = options.sites.size();
    NETCUT_ASSIGN(auto namespaces,
                  NetNs::create_many(gate + static_cast<std::size_t>(tunnels), [&]() -> Result<void> {
                      NETCUT_TRY(prepare_routes());
                      NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, nullptr));
                      filters.push_back(std::move(socket));
                      return {};
                  }));
    for (std::size_t site = 0; site < options.sites.size(); ++site) {
        std::optional<Tunnel> tunnel;
        if (options.sites[site].vpn != Vpn::none) {
            NETCUT_ASSIGN(tunnel, Tunnel::make(options, site, std::move(namespaces[gate]),
                                               std::move(routes[gate]), std::move(filters[gate])));
            ++gate;
        }
        routers_.emplace_back(options, site, std::move(namespaces[site]), std::move(routes[site]),
                              std::move(filters[site]), std::move(tunnel));
    }
    return {};
}

Result<void> Sites::join_router() {
    Batch batch;
    for (const bool ipv6 : {false, true}) {
        if (ipv6 ? !ipv6_ : !ipv4_) continue;
        add_routing_rule(
            batch,
            {.mark = outside_mark, .table = outside_routes, .priority = outside_priority, .ipv6 = ipv6});
        add_routing_rule(batch, {.mark = outside_mark, .priority = end_of_outside, .ipv6 = ipv6});
        for (std::size_t site = 0; site < size(); ++site)
            add_routing_rule(batch, {.mark = mark_of(site),
                                     .table = routes_of(site),
                                     .priority = first_site_priority + static_cast<unsigned>(site),
                                     .ipv6 = ipv6});
    }
    for (std::size_t site = 0; site < size(); ++site) {
        const SiteRouter& router = routers_[site];
        router.append_links(batch);
        for (const IpAddress& own : router.addresses()) {
            add_way(batch, {router.lan_port().index, own, router.lan().mac, any_address(own.is_v6()), 0,
                            routes_of(site)});
            add_host_way(batch, router.wan_port().index, own, router.beyond().mac, outside_routes);
        }
        if (router.spec().hides())
            for (const IpAddress& address : router.public_addresses())
                add_host_way(batch, router.wan_port().index, address, router.wan().mac, outside_routes);
    }
    return routes_.commit(batch);
}

bool Sites::are_apart(std::size_t one, std::size_t other) const {
    const auto site_of = [&](std::size_t node) {
        return node < of_node_.size() ? of_node_[node] : std::nullopt;
    };
    return site_of(one) != site_of(other);
}

// Of which it is the router's own address.
std::optional<std::size_t> Sites::site_at(const IpAddress& address) const {
    for (std::size_t site = 0; site < size(); ++site) {
        const auto& own = routers_[site].addresses();
        if (routers_[site].relays() != nullptr && std::find(own.begin(), own.end(), address) != own.end())
            return site;
    }
    return {};
}

std::optional<std::size_t> Sites::behind(const IpAddress& address) const {
    if (const auto site = site_at(address)) return site;
    if (!address.is_v4()) return {};
    const std::uint32_t first = public_address(0, 0).to_v4().to_uint();
    const std::uint32_t at = address.to_v4().to_uint();
    if (at < first || (at - first) / public_addresses >= size()) return {};
    const std::size_t site = (at - first) / public_addresses;
    return routers_[site].spec().hides() ? std::optional(site) : std::nullopt;
}

bool Sites::is_proxy(const IpAddress& address) const {
    return site_at(address).has_value();
}

std::vector<IpAddress> Sites::relaying_addresses(std::size_t node) const {
    const auto site = node < of_node_.size() ? of_node_[node] : std::nullopt;
    return site && routers_[*site].relays() != nullptr ? routers_[*site].addresses()
                                                       : std::vector<IpAddress>();
}

const Relay* Sites::relay_of(const RelayEnd& node, const IpAddress& remote) const {
    const auto site = site_at(remote);
    const Relay* relay = site ? routers_[*site].relays()->of_node(node) : nullptr;
    return relay != nullptr && relay->inner.address == remote ? relay : nullptr;
}

const Relay* Sites::relay_between(const RelayEnd& node, const RelayEnd& target) const {
    for (const SiteRouter& router : routers_)
        if (const Relay* relay = router.relays() != nullptr ? router.relays()->of_node(node) : nullptr)
            if (relay->target == target) return relay;
    return nullptr;
}

std::vector<int> Sites::ports_to_proxies() const {
    std::vector<int> ports;
    for (const SiteRouter& router : routers_)
        if (router.relays() != nullptr) ports.push_back(router.lan_port().index);
    return ports;
}

// What is translated has no address that the outside could send to.
void Sites::append_outside_route(Batch& router, std::size_t site, const IpAddress& address) const {
    const SiteRouter& through = routers_[site];
    if (address.is_v4() && through.spec().hides())
        add_blackhole(router, address, outside_routes);
    else
        add_host_way(router, through.wan_port().index, address, through.beyond().mac, outside_routes);
}

void Sites::append_routes(Batch& router, std::size_t index, const NodeLink& node) const {
    const auto site = of(index);
    if (!site) return;
    for (const IpAddress& address : node.addresses) {
        add_route(router, {address, whole(address), node.port.index, {}, routes_of(*site)});
        append_outside_route(router, *site, address);
    }
}

void Sites::append_origin(NftTransaction& transaction, std::size_t site, const NodeLink& node) const {
    for (const IpAddress& address : node.addresses)
        transaction.add_value_element(address.is_v6() ? origins_v6 : origins_v4, nft_key(address),
                                      mark_of(site));
}

Result<void> Sites::mark_packets(std::span<const NodeLink> nodes) {
    NftTransaction transaction(NFPROTO_INET, sites_table);
    transaction.add_table();
    transaction.add_set({.name = ports_map, .to_values = true});
    transaction.add_set({.name = origins_v4, .to_values = true});
    transaction.add_set({.name = origins_v6, .key_size = 16, .to_values = true});
    for (std::size_t index = 0; index < nodes.size(); ++index) {
        const auto site = of(index);
        if (!site) continue;
        transaction.add_value_element(ports_map, link_key(nodes[index].port), mark_of(*site));
        append_origin(transaction, *site, nodes[index]);
    }
    for (std::size_t site = 0; site < size(); ++site)
        transaction.add_value_element(ports_map, link_key(routers_[site].lan_port()), mark_of(site));
    add_mark_rules(transaction);
    const Batch batch = transaction.take();
    return filters_.commit_in_parts(batch);
}

Result<void> Sites::set_up(std::span<const NodeLink> nodes) {
    std::vector<std::vector<const NodeLink*>> members(size());
    for (std::size_t index = 0; index < nodes.size(); ++index)
        if (const auto site = of(index)) members[*site].push_back(&nodes[index]);
    for (std::size_t site = 0; site < size(); ++site) NETCUT_TRY(routers_[site].set_up(members[site]));
    NETCUT_TRY(mark_packets(nodes));
    std::set<int> ports;
    for (const int port : this->ports()) ports.insert(port);
    NETCUT_TRY(await("the links of sites", [&] { return are_running(routes_, ports); }));
    for (SiteRouter& router : routers_)
        NETCUT_TRY(await("the uplink of site " + router.spec().name, [&] { return router.is_running(); }));
    return {};
}

Result<void> Sites::add_name_server(const NodeLink& place) {
    Batch batch;
    for (std::size_t site = 0; site < size(); ++site)
        for (const IpAddress& address : place.addresses)
            add_route(batch, {address, whole(address), place.port.index, {}, routes_of(site)});
    NETCUT_TRY(routes_.commit(batch));
    NftTransaction transaction(NFPROTO_INET, sites_table);
    transaction.add_value_element(ports_map, link_key(place.port), 0);
    Batch marks = transaction.take();
    return filters_.commit(marks);
}

Result<void> Sites::readmit(std::size_t index, const NodeLink& node) {
    const auto site = of(index);
    if (!site) return {};
    NETCUT_TRY(routers_[*site].admit(node));
    NftTransaction transaction(NFPROTO_INET, sites_table);
    append_origin(transaction, *site, node);
    Batch batch = transaction.take();
    return filters_.commit(batch);
}

// What all that is on makes of it, or would without that fault.
SiteChange Sites::together(std::size_t site, std::optional<std::size_t> without) const {
    const SiteSpec& spec = routers_[site].spec();
    SiteChange all{.site = site, .up = spec.up, .down = spec.down};
    for (const auto& [fault, change] : changes_) {
        if (change.site != site || fault == without) continue;
        all.up = lower(all.up, change.up);
        all.down = lower(all.down, change.down);
        all.cuts_tunnel = all.cuts_tunnel || change.cuts_tunnel;
    }
    return all;
}

Result<void> Sites::set_down(std::size_t site, const RateLimit& down) {
    if (Tunnel* tunnel = routers_[site].tunnel()) return tunnel->set_rate_down(down);
    Batch batch;
    set_rate(batch, routers_[site].wan_port().index, down);
    return routes_.commit(batch);
}

// What is the same is left alone: a bucket that is set anew is full.
Result<void> Sites::turn(const SiteChange& from, const SiteChange& to) {
    SiteRouter& router = routers_[to.site];
    if (to.cuts_tunnel != from.cuts_tunnel) NETCUT_TRY(router.tunnel()->cut(to.cuts_tunnel));
    if (!is_same(from.up, to.up)) NETCUT_TRY(router.set_uplink(*to.up));
    return is_same(from.down, to.down) ? Result<void>() : set_down(to.site, *to.down);
}

Result<void> Sites::change(std::size_t fault, const SiteChange& change) {
    changes_[fault] = change;
    if (change.forgets) NETCUT_TRY(routers_[change.site].forget_flows(*change.forgets));
    return turn(together(change.site, fault), together(change.site));
}

Result<void> Sites::change_back(std::size_t fault) {
    const auto found = changes_.find(fault);
    if (found == changes_.end()) return {};
    const std::size_t site = found->second.site;
    NETCUT_TRY(turn(together(site), together(site, fault)));
    changes_.erase(found);
    return {};
}

std::vector<int> Sites::ports() const {
    std::vector<int> all;
    for (const SiteRouter& router : routers_)
        for (const VethEnd& end : {router.lan_port(), router.wan_port()}) all.push_back(end.index);
    return all;
}

}  // namespace netcut
