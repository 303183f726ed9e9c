// SPDX-License-Identifier: Apache-2.0
//
// The router of one site, a network namespace of its own between two links to the run's router:
//
//     nodes --- ports (router, "lanN") --- lan | site | wan --- (router, "wanN") --- the other nodes
//
// Here alone packets are translated, kept track of and put together from their fragments. What comes by lan leaves by
// wan, through the queue of the uplink; the queue of the other way is at the router's end, in front of the site.
//
// Ownership: a SiteRouter owns its namespace and its sockets. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "fabric/options.h"
#include "fabric/tunnel.h"
#include "kernel/address.h"
#include "kernel/conntrack.h"
#include "kernel/links.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/nftables.h"
#include "kernel/queue_counts.h"
#include "proxy/relay.h"

namespace netcut {

struct NodeLink;

class SiteRouter {
  public:
    // `number`: from 0. The namespace is made already, and both sockets are in it: rtnetlink, and nftables. `tunnel`: if it
    // has one.
    SiteRouter(const FabricOptions& options, std::size_t number, NetNs ns, NetlinkSocket routes,
               NetlinkSocket filters, std::optional<Tunnel> tunnel);

    const SiteSpec& spec() const { return spec_; }
    const NetNs& ns() const { return ns_; }
    // The router's ends of its links, and its own.
    const VethEnd& lan_port() const { return lan_port_; }
    const VethEnd& wan_port() const { return wan_port_; }
    const VethEnd& lan() const { return lan_; }
    const VethEnd& wan() const { return wan_; }
    // The other end of wan_port(): its own, or that of its tunnel's gate.
    const VethEnd& beyond() const { return tunnel_ ? tunnel_->out() : wan_; }
    // Of itself, in the families that the run has.
    const std::vector<IpAddress>& addresses() const { return addresses_; }
    // What the outside sees in place of its nodes' addresses of IPv4; empty if they are not translated.
    std::vector<IpAddress> public_addresses() const;

    void append_links(Batch& router) const;
    // When its links are there.
    Result<void> set_up(std::span<const NodeLink* const> nodes);
    // The node is here, with addresses that it did not have before.
    Result<void> admit(const NodeLink& node);
    Result<bool> is_running();
    Result<void> forget_flows(Rebirth rebirth);
    unsigned times_forgotten() const { return times_forgotten_; }
    // The rate of what it sends. The other way's is of the end in front of it: the router's, see wan_port(), or its tunnel's.
    Result<void> set_uplink(const RateLimit& up);
    Tunnel* tunnel() { return tunnel_ ? &*tunnel_ : nullptr; }  // null: it has none
    // What its proxy has said of its connections; null: it has no proxy.
    RelayBook* relays() { return relays_ ? &*relays_ : nullptr; }
    const RelayBook* relays() const { return relays_ ? &*relays_ : nullptr; }
    // Remembers the flows of TCP and UDP that it knows, also when it has forgotten them. Of those that are not translated there
    // is nothing to remember.
    Result<void> learn_flows();
    using End = RelayEnd;
    // Who is behind the first one, in the flow between these two: who opened it, or for whom its proxy did. Null: it never was
    // learned.
    const End* opener_of(std::uint8_t protocol, const End& seen, const End& other) const;
    Result<std::vector<TrackedFlow>> flows() { return list_tracked_flows(filters_); }
    // Packets that belong to no flow that it knows, and are lost for it; of a site with a proxy, those that go round it.
    struct Unknown {
        std::uint64_t up = 0, down = 0;
    };
    Result<Unknown> count_unknown();
    Result<QueueCount> count_sent();  // by its uplink

  private:
    TunnelSite tunnel_site() { return {ns_, routes_, wan_, wan_port_, addresses_, public_addresses()}; }
    Result<std::vector<TrackedFlow>> new_flows();
    void append_node(Batch& batch, const NodeLink& node) const;
    Result<void> lay_filters();
    Result<void> set_tracking() const;
    void add_forward_rules(NftTransaction& transaction) const;
    void add_proxy_rules(NftTransaction& transaction) const;
    void add_refusals(NftTransaction& transaction) const;
    void add_input_rules(NftTransaction& transaction) const;
    void add_translation(NftTransaction& transaction) const;
    SourceRange source_range() const;

    const SiteSpec spec_;
    const std::size_t number_;
    const unsigned mtu_;
    const bool single_segments_;
    const std::vector<bool> families_;  // false: IPv4, true: IPv6
    NetNs ns_;
    NetlinkSocket routes_, filters_;
    std::optional<Tunnel> tunnel_;
    VethEnd lan_port_, wan_port_, lan_, wan_;
    std::vector<IpAddress> addresses_;
    std::optional<RelayBook> relays_;
    std::optional<FlowWatch> watch_;  // of one that hides its nodes
    std::map<std::tuple<std::uint8_t, End, End>, End>
        openers_;  // by what the outside sees, and the other end
    unsigned ports_generation_ = 0, address_generation_ = 0, times_forgotten_ = 0;
};

}  // namespace netcut
