// SPDX-License-Identifier: Apache-2.0
#include "fabric/tunnel.h"

#include <netinet/in.h>  // before linux/netfilter.h, which then leaves out what it has
// clang-format off
#include <linux/netfilter.h>
// clang-format on

#include <chrono>
#include <utility>

#include "fabric/addresses.h"
#include "fabric/fabric.h"
#include "fabric/ready.h"
#include "fabric/way.h"
#include "kernel/nftables.h"
#include "kernel/rate.h"

namespace netcut {
namespace {

constexpr std::uint16_t tunnel_port = 51820;  // as WireGuard's own examples have it
// What keeps a NAT from forgetting it: as wg(8) advises.
constexpr auto keepalive = std::chrono::seconds(25);
constexpr int out_index = 62, gate_wan_index = 63, vpn_index = 64;
constexpr const char *vpn_name = "vpn", *tunnel_table = "netcut-tunnel", *cut_set = "cut";
constexpr const char *lost_up = "lost_up", *lost_down = "lost_down";
constexpr std::uint32_t cut_key = 1;

std::vector<std::pair<IpAddress, unsigned>> whole_ones(const std::vector<IpAddress>& addresses) {
    std::vector<std::pair<IpAddress, unsigned>> all;
    for (const IpAddress& address : addresses) all.emplace_back(address, whole(address));
    return all;
}

void add_loss(NftTransaction& transaction, const char* chain, std::uint32_t hook, std::uint32_t meta,
              const char* counter) {
    transaction.add_base_chain(chain, hook, 0);
    NftRule rule(chain);
    rule.meta(meta).equals(nft_key(static_cast<std::uint32_t>(gate_wan_index)));
    rule.constant(cut_key).in(cut_set).count(counter).drop();
    transaction.add_rule(rule);
}

}  // namespace

Result<Tunnel> Tunnel::make(const FabricOptions& options, std::size_t number, NetNs gate,
                            NetlinkSocket routes, NetlinkSocket filters) {
    NETCUT_ASSIGN(const WireGuardKeys gate_keys, make_wireguard_keys());
    NETCUT_ASSIGN(const WireGuardKeys site_keys, make_wireguard_keys());
    return Tunnel(options, number, std::move(gate), std::move(routes), std::move(filters), gate_keys,
                  site_keys);
}

Tunnel::Tunnel(const FabricOptions& options, std::size_t number, NetNs gate, NetlinkSocket routes,
               NetlinkSocket filters, WireGuardKeys gate_keys, WireGuardKeys site_keys)
    : ipv4_(options.ipv4),
      ipv6_(options.ipv6),
      single_segments_(options.single_segments),
      mtu_(options.mtu),
      down_(options.sites[number].down),
      gate_host_(first_tunnel_host + 2 * static_cast<std::uint32_t>(number)),
      gate_end_(run_address(ends_on_v6(), gate_host_)),
      site_end_(run_address(ends_on_v6(), gate_host_ + 1)),
      gate_(std::move(gate)),
      routes_(std::move(routes)),
      filters_(std::move(filters)),
      gate_keys_(gate_keys),
      site_keys_(site_keys),
      out_{"out", out_index, mac_of(MacKind::tunnel, 2 * static_cast<std::uint32_t>(number))},
      wan_{"wan", gate_wan_index, mac_of(MacKind::tunnel, 2 * static_cast<std::uint32_t>(number) + 1)} {}

void Tunnel::append_link(Batch& router, const VethEnd& wan_port) const {
    add_veth(router, wan_port, out_, gate_, mtu_);
}

Result<void> Tunnel::lay_filters() {
    NftTransaction transaction(NFPROTO_INET, tunnel_table);
    transaction.add_table();
    transaction.add_set({.name = cut_set, .size = 1});
    for (const char* counter : {lost_up, lost_down}) transaction.add_counter(counter);
    add_loss(transaction, "input", NF_INET_LOCAL_IN, NFT_META_IIF, lost_up);
    add_loss(transaction, "output", NF_INET_LOCAL_OUT, NFT_META_OIF, lost_down);
    Batch batch = transaction.take();
    return filters_.commit(batch);
}

Result<void> Tunnel::open_gate(const TunnelSite& site, std::span<const NodeLink* const> nodes) {
    NETCUT_TRY(lay_filters());
    Batch links;
    add_veth(links, wan_, site.wan, site.ns, mtu_);
    add_wireguard(links, vpn_name, vpn_index, mtu_ - tunnel_overhead);
    NETCUT_TRY(routes_.commit(links));
    NETCUT_ASSIGN(wireguard_, WireGuard::open(gate_));
    NETCUT_TRY(wireguard_->set_up(vpn_index, gate_keys_.secret, tunnel_port,
                                  {.key = site_keys_.open, .inside = whole_ones(site.addresses)}));
    Batch batch;
    for (const int link : {loopback, out_index, vpn_index}) set_link(batch, link, true);
    if (single_segments_)
        for (const int link : {out_index, gate_wan_index, vpn_index}) set_gso_max_segs(batch, link, 1);
    if (down_) set_rate(batch, gate_wan_index, *down_);
    for (const IpAddress& address : gate_addresses()) add_address(batch, loopback, address, whole(address));
    add_host_way(batch, gate_wan_index, site_end_, site.wan.mac);
    for (const IpAddress& address : site.public_addresses)
        add_host_way(batch, gate_wan_index, address, site.wan.mac);
    append_inside(batch, site.addresses);
    for (const bool ipv6 : {false, true})
        if (ipv6 ? ipv6_ : ipv4_)
            add_way(batch,
                    {out_index, run_address(ipv6, gateway_host), site.wan_port.mac, any_address(ipv6), 0});
    NETCUT_TRY(routes_.commit(batch));
    for (const NodeLink* node : nodes) NETCUT_TRY(admit(*node));
    return {};
}

Result<void> Tunnel::open_site(const TunnelSite& site) {
    Batch links;
    add_wireguard(links, vpn_name, vpn_index, mtu_ - tunnel_overhead);
    NETCUT_TRY(site.routes.commit(links));
    NETCUT_ASSIGN(WireGuard wireguard, WireGuard::open(site.ns));
    NETCUT_TRY(wireguard.set_up(vpn_index, site_keys_.secret, tunnel_port,
                                {.key = gate_keys_.open,
                                 .endpoint = std::pair(gate_end_, tunnel_port),
                                 .keepalive = keepalive,
                                 .inside = {{any_address(false), 0}, {any_address(true), 0}}}));
    Batch batch;
    add_address(batch, site.wan.index, site_end_, whole(site_end_));
    add_host_way(batch, site.wan.index, gate_end_, wan_.mac);
    if (single_segments_) set_gso_max_segs(batch, vpn_index, 1);
    set_link(batch, vpn_index, true);
    for (const bool ipv6 : {false, true})
        if (ipv6 ? ipv6_ : ipv4_) add_route(batch, {any_address(ipv6), 0, vpn_index, {}});
    return site.routes.commit(batch);
}

Result<bool> Tunnel::is_up() {
    NETCUT_ASSIGN(const bool running, are_running(routes_, {out_index, gate_wan_index}));
    return running ? wireguard_->has_met(vpn_index) : Result<bool>(false);
}

// One of each family: without an address nobody would be told that a packet is too large for the tunnel.
std::vector<IpAddress> Tunnel::gate_addresses() const {
    std::vector<IpAddress> all;
    for (const bool ipv6 : {false, true})
        if (ipv6 ? ipv6_ : ipv4_) all.push_back(run_address(ipv6, gate_host_));
    return all;
}

void Tunnel::append_inside(Batch& batch, const std::vector<IpAddress>& addresses) const {
    for (const IpAddress& address : addresses) add_route(batch, {address, whole(address), vpn_index, {}});
}

Result<void> Tunnel::admit(const NodeLink& node) {
    NETCUT_TRY(wireguard_->add_inside(vpn_index, site_keys_.open, whole_ones(node.addresses)));
    Batch batch;
    append_inside(batch, node.addresses);
    return routes_.commit(batch);
}

Result<void> Tunnel::cut(bool on) {
    NftTransaction transaction(NFPROTO_INET, tunnel_table);
    if (on)
        transaction.add_element(cut_set, nft_key(cut_key));
    else
        transaction.flush_set(cut_set);
    Batch batch = transaction.take();
    return filters_.commit(batch);
}

Result<void> Tunnel::set_rate_down(const RateLimit& down) {
    Batch batch;
    set_rate(batch, gate_wan_index, down);
    return routes_.commit(batch);
}

Result<QueueCount> Tunnel::count_down() {
    NETCUT_ASSIGN(const auto counts, count_queues(routes_));
    const auto found = counts.find(gate_wan_index);
    return found == counts.end() ? QueueCount{} : found->second;
}

Result<Tunnel::Lost> Tunnel::count_lost() {
    NETCUT_ASSIGN(const auto counters, read_counters(filters_, NFPROTO_INET, tunnel_table));
    const auto packets = [&](const char* name) {
        const auto found = counters.find(name);
        return found == counters.end() ? 0 : found->second.packets;
    };
    return Lost{packets(lost_up), packets(lost_down)};
}

}  // namespace netcut
