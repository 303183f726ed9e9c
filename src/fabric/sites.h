// SPDX-License-Identifier: Apache-2.0
//
// The sites of a run. Each node's port stays in the run's router, where faults act: what comes in by it goes to the site's
// router, and from there, by another link, back into the run's router and on. So a packet is forwarded here twice: between
// port and site, as the node sees it, and between site and the others, as these see it.
//
// Which of both it is, a mark says that is set before routing by the link that it comes in by, and is gone before faults
// see the packet: a routing table for each site, and one for all that comes from outside of all sites.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "fabric/options.h"
#include "fabric/site_router.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"

namespace netcut {

class Sites {
  public:
    // Makes them and their links. `names` are the nodes.
    static Result<std::unique_ptr<Sites>> open(const FabricOptions& options,
                                               const std::vector<std::string>& names, const NetNs& router);

    std::size_t size() const { return routers_.size(); }
    SiteRouter& operator[](std::size_t site) { return routers_[site]; }
    const SiteRouter& operator[](std::size_t site) const { return routers_[site]; }
    // Which a node is in.
    std::optional<std::size_t> of(std::size_t node) const { return of_node_[node]; }
    // Whether packets between these two pass a router of a site. A node that is none is outside of all sites.
    bool are_apart(std::size_t one, std::size_t other) const;

    // Which one this is the address of that stands for nodes of it: a public one, or its proxy's.
    std::optional<std::size_t> behind(const IpAddress& address) const;

    // What is sent to these by a node is for somebody outside of its site, whoever that is: of its proxy, if it has one.
    std::vector<IpAddress> relaying_addresses(std::size_t node) const;
    // By whom this end of a node's connection is relayed; null: by nobody, or nobody has said so yet.
    const Relay* relay_of(const RelayEnd& node, const IpAddress& remote) const;
    // Of both far ends; null: there is none that is known.
    const Relay* relay_between(const RelayEnd& node, const RelayEnd& target) const;
    bool is_proxy(const IpAddress& address) const;
    // The ports of the router that lead to proxies.
    std::vector<int> ports_to_proxies() const;

    // What the router knows of a node, to be added whenever its port is made.
    void append_routes(Batch& router, std::size_t index, const NodeLink& node) const;
    // When the ports of all nodes are there.
    Result<void> set_up(std::span<const NodeLink> nodes);
    // All sites know this name server, as one of their own.
    Result<void> add_name_server(const NodeLink& place);
    // A node that was plugged in again.
    Result<void> readmit(std::size_t index, const NodeLink& node);
    // A fault, by its number, begins to change a site, and ends. Of several that are on, the lowest rate counts, and the tunnel
    // carries nothing until the last of them ends.
    Result<void> change(std::size_t fault, const SiteChange& change);
    Result<void> change_back(std::size_t fault);
    Result<std::map<int, QueueCount>> count_received() { return count_queues(routes_); }  // by links' indices
    // The router's ends of the sites' links.
    std::vector<int> ports() const;

  private:
    Sites(const FabricOptions& options, std::vector<std::optional<std::size_t>> of_node, NetlinkSocket routes,
          NetlinkSocket filters);
    Result<void> make_routers(const FabricOptions& options);
    Result<void> join_router();
    std::optional<std::size_t> site_at(const IpAddress& address) const;
    SiteChange together(std::size_t site, std::optional<std::size_t> without = {}) const;
    Result<void> turn(const SiteChange& from, const SiteChange& to);
    Result<void> set_down(std::size_t site, const RateLimit& down);
    Result<void> mark_packets(std::span<const NodeLink> nodes);
    void append_outside_route(Batch& router, std::size_t site, const IpAddress& address) const;
    void append_origin(NftTransaction& transaction, std::size_t site, const NodeLink& node) const;

    const bool ipv4_, ipv6_;
    const std::vector<std::optional<std::size_t>> of_node_;
    NetlinkSocket routes_, filters_;  // both in the router
    std::vector<SiteRouter> routers_;
    std::map<std::size_t, SiteChange> changes_;  // that are on, by faults
};

}  // namespace netcut
