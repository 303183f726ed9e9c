// SPDX-License-Identifier: Apache-2.0
//
// The VPN of a site: WireGuard between its router and a gate, a network namespace of its own outside of the uplink:
//
//     site | wan --- wan | gate | out --- (router, "wanN")
//          | vpn ======= vpn |
//
// What the site's nodes exchange with the outside goes through the tunnel, with their own addresses. What the uplink carries are
// datagrams of UDP between the two ends, which the site's firewall and NAT see in place of the nodes' packets.
//
// Ownership: a Tunnel owns the gate's namespace and its sockets. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "fabric/options.h"
#include "kernel/address.h"
#include "kernel/links.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/queue_counts.h"
#include "kernel/wireguard.h"

namespace netcut {

struct NodeLink;

// The links of a site's router that a tunnel uses.
struct TunnelSite {
    const NetNs& ns;
    NetlinkSocket& routes;
    const VethEnd& wan;       // its own end
    const VethEnd& wan_port;  // the run's router's
    const std::vector<IpAddress>& addresses;
    std::vector<IpAddress> public_addresses;
};

class Tunnel {
  public:
    // `number`: the site's. The namespace is made already, and both sockets are in it: rtnetlink, and nftables.
    static Result<Tunnel> make(const FabricOptions& options, std::size_t number, NetNs gate,
                               NetlinkSocket routes, NetlinkSocket filters);

    // The gate's end of the link to the run's router.
    const VethEnd& out() const { return out_; }
    // Adds the link between the run's router and the gate.
    void append_link(Batch& router, const VethEnd& wan_port) const;
    // The gate first, with the link to the site; then the site's end, when its links are up: it speaks at once.
    Result<void> open_gate(const TunnelSite& site, std::span<const NodeLink* const> nodes);
    Result<void> open_site(const TunnelSite& site);
    // When its links run: it has found its other end.
    Result<bool> is_up();
    // The node is here, with addresses that it did not have before.
    Result<void> admit(const NodeLink& node);
    // All that one end sends to the other is lost, or nothing any more.
    Result<void> cut(bool on);
    // The rate of the way to the site.
    Result<void> set_rate_down(const RateLimit& down);
    Result<QueueCount> count_down();
    // Datagrams that were lost while it was cut.
    struct Lost {
        std::uint64_t up = 0, down = 0;
    };
    Result<Lost> count_lost();

  private:
    Tunnel(const FabricOptions& options, std::size_t number, NetNs gate, NetlinkSocket routes,
           NetlinkSocket filters, WireGuardKeys gate_keys, WireGuardKeys site_keys);
    Result<void> lay_filters();
    std::vector<IpAddress> gate_addresses() const;
    void append_inside(Batch& batch, const std::vector<IpAddress>& addresses) const;
    bool ends_on_v6() const { return !ipv4_; }

    bool ipv4_, ipv6_, single_segments_;
    unsigned mtu_;
    std::optional<RateLimit> down_;
    std::uint32_t gate_host_;
    IpAddress gate_end_, site_end_;
    NetNs gate_;
    NetlinkSocket routes_, filters_;
    std::optional<WireGuard> wireguard_;  // the gate's
    WireGuardKeys gate_keys_, site_keys_;
    VethEnd out_, wan_;
};

}  // namespace netcut
