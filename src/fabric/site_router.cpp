// SPDX-License-Identifier: Apache-2.0
#include "fabric/site_router.h"

#include <netinet/in.h>  // before linux/netfilter.h, which then leaves out what it has
// clang-format off
#include <linux/netfilter.h>
// clang-format on
#include <fmt/format.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>

#include "fabric/addresses.h"
#include "fabric/fabric.h"
#include "fabric/ready.h"
#include "fabric/settings.h"
#include "fabric/way.h"
#include "kernel/rate.h"

namespace netcut {
namespace {

constexpr std::uint32_t known_flow = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
constexpr std::uint32_t invalid = NF_CT_STATE_INVALID_BIT;
constexpr const char* site_table = "netcut-site";
constexpr const char *unknown_up = "unknown_up", *unknown_down = "unknown_down";
constexpr std::int32_t filter_hook = 0, source_nat_hook = 100;  // NF_IP_PRI_FILTER, NF_IP_PRI_NAT_SRC

// The indices of a site's own links, and those of the router's ends: see eth0_index in fabric.cpp.
constexpr int lan_index = 60, wan_index = 61;

// Nodes' own ports of the moment are above.
constexpr std::uint16_t low_first = 1024, low_last = 32767, high_first = 32768, high_last = 65535;
// A block of a carrier's: RFC 6888 leaves its size open; carriers give some hundred to some thousand.
constexpr std::uint16_t block_first = 10240, block_ports = 1024, blocks = 48;
constexpr std::uint32_t carrier_pool = public_addresses / 2;

std::vector<bool> families_of(const FabricOptions& options) {
    std::vector<bool> families;
    if (options.ipv4) families.push_back(false);
    if (options.ipv6) families.push_back(true);
    return families;
}

NftRule& is_of(NftRule& rule, std::uint32_t meta, const VethEnd& link) {
    return rule.meta(meta).equals(nft_key(static_cast<std::uint32_t>(link.index)));
}

}  // namespace

SiteRouter::SiteRouter(const FabricOptions& options, std::size_t number, NetNs ns, NetlinkSocket routes,
                       NetlinkSocket filters, std::optional<Tunnel> tunnel)
    : spec_(options.sites[number]),
      number_(number),
      mtu_(options.mtu),
      single_segments_(options.single_segments),
      families_(families_of(options)),
      ns_(std::move(ns)),
      routes_(std::move(routes)),
      filters_(std::move(filters)),
      tunnel_(std::move(tunnel)) {
    const auto first = static_cast<std::uint32_t>(2 * number);
    const int index = first_site_link + static_cast<int>(first);
    lan_port_ = {fmt::format("lan{}", number), index, mac_of(MacKind::site_port, first)};
    wan_port_ = {fmt::format("wan{}", number), index + 1, mac_of(MacKind::site_port, first + 1)};
    lan_ = {"lan", lan_index, mac_of(MacKind::site_router, first)};
    wan_ = {"wan", wan_index, mac_of(MacKind::site_router, first + 1)};
    for (const bool ipv6 : families_)
        addresses_.push_back(run_address(ipv6, first_site_host + static_cast<std::uint32_t>(number)));
    if (spec_.relays()) relays_.emplace(addresses_);
}

std::vector<IpAddress> SiteRouter::public_addresses() const {
    std::vector<IpAddress> all;
    if (spec_.nat == Nat::none) return all;
    for (std::uint32_t i = 0; i < netcut::public_addresses; ++i) all.push_back(public_address(number_, i));
    return all;
}

void SiteRouter::append_links(Batch& router) const {
    add_veth(router, lan_port_, lan_, ns_, mtu_);
    if (tunnel_)
        tunnel_->append_link(router, wan_port_);
    else
        add_veth(router, wan_port_, wan_, ns_, mtu_);
    if (spec_.down && !tunnel_) set_rate(router, wan_port_.index, *spec_.down);
    if (!single_segments_) return;
    for (const int port : {lan_port_.index, wan_port_.index}) set_gso_max_segs(router, port, 1);
}

Result<void> SiteRouter::set_up(std::span<const NodeLink* const> nodes) {
    NETCUT_TRY(lay_filters());
    if (spec_.hides()) {
        NETCUT_ASSIGN(watch_, FlowWatch::open(ns_));
    }
    if (tunnel_) NETCUT_TRY(tunnel_->open_gate(tunnel_site(), nodes));
    Batch batch;
    for (const int link : {loopback, lan_.index, wan_.index}) set_link(batch, link, true);
    if (spec_.up) set_rate(batch, wan_.index, *spec_.up);
    if (single_segments_)
        for (const int link : {lan_.index, wan_.index}) set_gso_max_segs(batch, link, 1);
    for (const IpAddress& address : addresses_) {
        const bool ipv6 = address.is_v6();
        add_address(batch, lan_.index, address, whole(address));
        if (!tunnel_)
            add_way(batch,
                    {wan_.index, run_address(ipv6, gateway_host), wan_port_.mac, any_address(ipv6), 0});
    }
    for (const NodeLink* node : nodes) append_node(batch, *node);
    NETCUT_TRY(routes_.commit(batch));
    return tunnel_ ? tunnel_->open_site(tunnel_site()) : Result<void>();
}

void SiteRouter::append_node(Batch& batch, const NodeLink& node) const {
    for (const IpAddress& address : node.addresses) add_host_way(batch, lan_.index, address, lan_port_.mac);
}

Result<void> SiteRouter::admit(const NodeLink& node) {
    Batch batch;
    append_node(batch, node);
    if (tunnel_) NETCUT_TRY(tunnel_->admit(node));
    return routes_.commit(batch);
}

Result<bool> SiteRouter::is_running() {
    NETCUT_ASSIGN(const bool running, are_running(routes_, {lan_.index, wan_.index}));
    return running && tunnel_ ? tunnel_->is_up() : Result<bool>(running);
}

// --- what it lets pass ---

// Nodes of a site reach each other without it: what comes back to where it came from is for a node that is not there.
void SiteRouter::add_forward_rules(NftTransaction& transaction) const {
    NftRule back("forward");
    is_of(back, NFT_META_IIF, lan_);
    is_of(back, NFT_META_OIF, lan_).drop();
    transaction.add_rule(back);
    if (spec_.relays()) return add_refusals(transaction);
    if (!spec_.is_stateful() || tunnel_) return;  // what goes through a tunnel is none of the firewall's
    NftRule from_inside("forward"), known("forward"), from_outside("forward");
    is_of(from_inside, NFT_META_IIF, lan_);
    from_inside.tracked_as(invalid).count(unknown_up).drop();
    is_of(known, NFT_META_IIF, wan_).tracked_as(known_flow).accept();
    is_of(from_outside, NFT_META_IIF, wan_).count(unknown_down).drop();
    for (NftRule* rule : {&from_inside, &known, &from_outside}) transaction.add_rule(*rule);
}

// Whoever goes round the proxy is told so at once, and nobody outside reaches a node.
void SiteRouter::add_refusals(NftTransaction& transaction) const {
    NftRule of_tcp("forward"), other("forward"), from_outside("forward");
    is_of(of_tcp, NFT_META_IIF, lan_).meta(NFT_META_L4PROTO).equals({IPPROTO_TCP});
    of_tcp.count(unknown_up).reset_connection();
    is_of(other, NFT_META_IIF, lan_).count(unknown_up).refuse(NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
    from_outside.count(unknown_down).drop();
    for (NftRule* rule : {&of_tcp, &other, &from_outside}) transaction.add_rule(*rule);
}

// It is for the site's nodes alone. Where connections are tracked, what was forgotten does not leave.
void SiteRouter::add_proxy_rules(NftTransaction& transaction) const {
    constexpr std::uint32_t port_offset = 2;
    if (spec_.is_stateful()) {
        transaction.add_base_chain("output", NF_INET_LOCAL_OUT, filter_hook);
        NftRule forgotten("output");
        is_of(forgotten, NFT_META_OIF, wan_).tracked_as(invalid).count(unknown_up).drop();
        transaction.add_rule(forgotten);
    } else {
        transaction.add_base_chain("input", NF_INET_LOCAL_IN, filter_hook);
    }
    NftRule from_outside("input");
    from_outside.meta(NFT_META_IIF).differs(nft_key(static_cast<std::uint32_t>(lan_.index)));
    from_outside.meta(NFT_META_L4PROTO).equals({IPPROTO_TCP});
    from_outside.payload(NFT_PAYLOAD_TRANSPORT_HEADER, port_offset, 2);
    from_outside.equals({proxy_port >> 8, proxy_port & 0xff}).count(unknown_down).reset_connection();
    transaction.add_rule(from_outside);
}

void SiteRouter::add_input_rules(NftTransaction& transaction) const {
    transaction.add_base_chain("input", NF_INET_LOCAL_IN, filter_hook);
    NftRule known("input"), from_outside("input");
    is_of(known, NFT_META_IIF, wan_).tracked_as(known_flow).accept();
    is_of(from_outside, NFT_META_IIF, wan_).count(unknown_down).drop();
    transaction.add_rule(known);
    transaction.add_rule(from_outside);
}

void SiteRouter::add_translation(NftTransaction& transaction) const {
    NftRule rule("postrouting");
    is_of(rule, NFT_META_OIF, wan_).meta(NFT_META_NFPROTO).equals({NFPROTO_IPV4});
    rule.translate_source(source_range());
    transaction.add_rule(rule);
}

// A generation's ports are none of those before it.
SourceRange SiteRouter::source_range() const {
    if (spec_.nat == Nat::cgnat) {
        const std::uint32_t first = address_generation_ % 2 * carrier_pool;
        const auto block = static_cast<std::uint16_t>(block_first + ports_generation_ % blocks * block_ports);
        return {public_address(number_, first),
                public_address(number_, first + carrier_pool - 1),
                block,
                static_cast<std::uint16_t>(block + block_ports - 1),
                true,
                true};
    }
    const IpAddress address = public_address(number_, address_generation_ % netcut::public_addresses);
    if (spec_.nat == Nat::home && ports_generation_ == 0) return {address, address};
    const bool high = ports_generation_ % 2 == 0;
    return {address, address, high ? high_first : low_first, high ? high_last : low_last, true};
}

Result<void> SiteRouter::lay_filters() {
    NftTransaction transaction(NFPROTO_INET, site_table);
    transaction.add_table();
    transaction.add_counter(unknown_up);
    transaction.add_counter(unknown_down);
    transaction.add_base_chain("forward", NF_INET_FORWARD, filter_hook);
    add_forward_rules(transaction);
    if (spec_.is_stateful()) add_input_rules(transaction);
    if (spec_.relays()) add_proxy_rules(transaction);
    if (spec_.nat != Nat::none) {
        transaction.add_nat_chain("postrouting", NF_INET_POST_ROUTING, source_nat_hook);
        add_translation(transaction);
    }
    Batch batch = transaction.take();
    NETCUT_TRY(filters_.commit(batch));
    return spec_.idle ? ns_.run([&] { return set_tracking(); }) : Result<void>();
}

// When it is in use: the sysctls come with the module. What is forgotten is not taken for something new.
Result<void> SiteRouter::set_tracking() const {
    Settings settings = {{"net/netfilter/nf_conntrack_tcp_loose", "0"}};
    for (const char* timeout : {"tcp_timeout_established", "udp_timeout", "udp_timeout_stream",
                                "icmp_timeout", "icmpv6_timeout", "generic_timeout"})
        settings.emplace_back(std::string("net/netfilter/nf_conntrack_") + timeout,
                              std::to_string(spec_.idle->count()));
    return set_sysctls(settings);
}

// Those that were not told of are looked for.
Result<std::vector<TrackedFlow>> SiteRouter::new_flows() {
    if (!watch_) return flows();
    std::vector<TrackedFlow> told;
    NETCUT_ASSIGN(const bool complete, watch_->read(told));
    if (complete) return told;
    NETCUT_ASSIGN(const auto all, flows());
    told.insert(told.end(), all.begin(), all.end());
    return told;
}

Result<void> SiteRouter::learn_flows() {
    constexpr std::size_t most_openers = 1 << 17;
    NETCUT_ASSIGN(const auto known, new_flows());
    if (openers_.size() + known.size() > most_openers) openers_.clear();
    for (const TrackedFlow& flow : known)
        if (flow.protocol == IPPROTO_TCP || flow.protocol == IPPROTO_UDP)
            openers_[{flow.protocol, {flow.seen, flow.seen_port}, {flow.other, flow.other_port}}] = {
                flow.opener, flow.opener_port};
    return {};
}

const SiteRouter::End* SiteRouter::opener_of(std::uint8_t protocol, const End& seen, const End& other) const {
    const End* opener = &seen;
    if (spec_.hides() && seen.address.is_v4()) {
        const auto found = openers_.find({protocol, seen, other});
        if (found == openers_.end()) return nullptr;
        opener = &found->second;
    }
    if (!relays_) return opener;
    const Relay* relay = protocol == IPPROTO_TCP ? relays_->of_outer(*opener) : nullptr;
    return relay == nullptr || relay->target != other ? nullptr : &relay->node;
}

Result<void> SiteRouter::forget_flows(Rebirth rebirth) {
    NETCUT_TRY(learn_flows());
    ++times_forgotten_;
    if (rebirth == Rebirth::port) ++ports_generation_;
    if (rebirth == Rebirth::address) ++address_generation_;
    if (rebirth != Rebirth::same && spec_.nat != Nat::none) {
        NftTransaction transaction(NFPROTO_INET, site_table);
        transaction.flush_chain("postrouting");
        add_translation(transaction);
        Batch rules = transaction.take();
        NETCUT_TRY(filters_.commit(rules));
    }
    Batch batch;
    append_forgetting(batch);
    return filters_.commit(batch);
}

Result<void> SiteRouter::set_uplink(const RateLimit& up) {
    Batch batch;
    set_rate(batch, wan_.index, up);
    return routes_.commit(batch);
}

Result<QueueCount> SiteRouter::count_sent() {
    NETCUT_ASSIGN(const auto counts, count_queues(routes_));
    const auto found = counts.find(wan_.index);
    return found == counts.end() ? QueueCount{} : found->second;
}

Result<SiteRouter::Unknown> SiteRouter::count_unknown() {
    NETCUT_ASSIGN(const auto counters, read_counters(filters_, NFPROTO_INET, site_table));
    const auto packets = [&](const char* name) {
        const auto found = counters.find(name);
        return found == counters.end() ? 0 : found->second.packets;
    };
    return Unknown{packets(unknown_up), packets(unknown_down)};
}

}  // namespace netcut
