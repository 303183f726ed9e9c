// SPDX-License-Identifier: Apache-2.0
//
// All links of one run. A star: each node's link is a veth pair between the node's own network
// namespace and the router's, where every fault acts. Nothing of it is in the host's network; it is all
// gone when the last descriptor and process of it is gone.
//
// Ownership: a Fabric owns the namespaces and a netlink socket in each. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "fabric/options.h"
#include "kernel/address.h"
#include "kernel/links.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"

namespace netcut {

struct NodeLink {
    std::string name;
    NetNs ns;
    NetlinkSocket socket;              // rtnetlink, in the node's namespace
    VethEnd port;                      // the router's end
    VethEnd eth0;                      // the node's end
    std::vector<IpAddress> addresses;  // IPv4 first
};

class Access;
class Sites;
class Uplink;

class Fabric {
  public:
    Fabric(Fabric&&) noexcept;
    Fabric& operator=(Fabric&&) noexcept;
    ~Fabric();

    // Builds it and reads it back. `names` are the nodes, the aggregator first.
    static Result<Fabric> build(const FabricOptions& options, const std::vector<std::string>& names);

    const FabricOptions& options() const { return options_; }
    const NetNs& router() const { return router_; }
    NetlinkSocket& router_socket() { return router_socket_; }
    std::size_t size() const { return nodes_.size(); }
    NodeLink& node(std::size_t index) { return nodes_[index]; }
    const NodeLink& node(std::size_t index) const { return nodes_[index]; }
    bool has_uplink(const std::string& node) const;
    // No node ever has them. Routed, what is sent to them is lost silently.
    std::vector<IpAddress> addresses_of_nobody() const;
    // A namespace on a link as a node's, so that faults act on what goes there; null if none was asked for.
    const NodeLink* name_server() const { return name_server_ ? &*name_server_ : nullptr; }
    const Uplink* uplink() const { return uplink_.get(); }  // null: no node has one
    Access* access() { return access_.get(); }              // null: no link has queues of its own
    Sites* sites() const { return sites_.get(); }           // null: there are none

    // Link down or up at one end. What the kernel forgets on "down" (routes, IPv6 addresses) is put back on
    // "up".
    Result<void> set_link_state(std::size_t node, LinkEnd end, bool up);
    // Removes links, both ends of them, and puts one back.
    Result<void> unplug(std::span<const std::size_t> nodes);
    Result<void> unplug(std::size_t node) { return unplug({&node, 1}); }
    Result<void> plug(std::size_t node, const PlugOptions& options);
    // While it is unplugged: it gets what `options` has new, and comes back with that.
    Result<void> renumber(std::size_t node, const PlugOptions& options);
    // A node that is unplugged gets another network namespace, as if its machine had been off: connections
    // and whatever its kernel still had to send stay behind in the old one, which has no link.
    Result<void> renew(std::size_t node);
    // `equip` is called for every port of the router, now and whenever a node is plugged in again.
    Result<void> equip_ports(std::function<void(Batch&, int port)> equip);
    // The router's ports go down: no packet comes in any more. What has come in is still forwarded.
    Result<void> close_ports();
    // Whether the node's interface is there and up, as the kernel says.
    Result<bool> is_connected(std::size_t node);

  private:
    Fabric(FabricOptions options, NetNs router, NetlinkSocket socket);

    Result<void> open_uplink();
    Result<void> open_access(const std::vector<std::string>& names);
    bool is_node(const NodeLink& link) const;
    bool has_access(const NodeLink& node) const;
    std::size_t index_of(const NodeLink& node) const {
        return static_cast<std::size_t>(&node - nodes_.data());
    }
    Result<void> join_access(const NodeLink& node);
    Result<void> await_access(std::span<const NodeLink> nodes);
    Result<void> add_nodes(const std::vector<std::string>& names);
    Result<void> add_name_server();
    Result<void> set_up_router();
    Result<void> await_ready(std::span<NodeLink> nodes);
    Result<void> verify();
    std::vector<IpAddress> addresses_of(std::uint32_t host) const;
    void append_port(Batch& batch, const NodeLink& node) const;
    void limit_rate(Batch& batch, int link) const;
    void append_router_routes(Batch& batch, const NodeLink& node) const;
    void append_node_setup(Batch& batch, const NodeLink& node) const;
    std::pair<IpAddress, unsigned> way_out(const NodeLink& node, bool ipv6) const;
    Result<bool> takes_packets(NodeLink& node) const;

    FabricOptions options_;
    NetNs router_;
    NetlinkSocket router_socket_;
    std::vector<NodeLink> nodes_;
    std::optional<NodeLink> name_server_;
    std::unique_ptr<Uplink> uplink_;
    std::unique_ptr<Access> access_;
    std::unique_ptr<Sites> sites_;
    std::function<void(Batch&, int port)> equip_;
    std::uint32_t new_addresses_ = 0, new_macs_ = 0;  // how many were given out
};

}  // namespace netcut
