// SPDX-License-Identifier: Apache-2.0
#include "fabric/fabric.h"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "fabric/access.h"
#include "fabric/addresses.h"
#include "fabric/ready.h"
#include "fabric/settings.h"
#include "fabric/sites.h"
#include "fabric/uplink.h"
#include "kernel/announce.h"
#include "kernel/links_read.h"
#include "kernel/rate.h"
#include "link/rate.h"

namespace netcut {
namespace {

namespace ip = boost::asio::ip;

constexpr int bridge_index = 99;
// Above what a new namespace may already hold (lo, tunl0, sit0, ...).
constexpr int first_port_index = 100;
// Never the same as a port's: the kernel's link watch tells a stacked or paired device by its peer having
// another index, and lets the carrier of others wait for up to a second (linkwatch_urgent_event in
// net/core/link_watch.c).
constexpr int eth0_index = 50;
constexpr int name_server_index = 97;

Failure missing(const NodeLink& node, const std::string& what) {
    return internal_failure("read the network of " + node.name + " back",
                            what + " is not there although the kernel took it");
}

Failure used_up(const NodeLink& node, const char* what, std::uint32_t given) {
    return usage_failure(
        fmt::format("give {} another {}", node.name, what),
        fmt::format("{} were given out already, which are all that a run has", given),
        "let fewer faults do so, or less often: make `times`, `flap` or the churn's `length` smaller");
}

Result<void> check(const FabricOptions& options, std::size_t nodes) {
    if (options.kind == FabricKind::bridge && nodes + (options.name_server ? 1 : 0) > max_bridge_ports)
        return usage_failure(fmt::format("build a bridge with {} nodes{}", nodes,
                                         options.name_server ? " and a name server" : ""),
                             fmt::format("a Linux bridge has at most {} ports", max_bridge_ports),
                             "use --fabric routed, or fewer nodes");
    if (options.kind == FabricKind::bridge && !options.sites.empty())
        return usage_failure("build sites on a bridge", "their routers are between routed links",
                             "use --fabric routed");
    if (nodes > max_nodes)
        return usage_failure(fmt::format("build a network of {} nodes", nodes),
                             fmt::format("at most {} have an address", max_nodes), "use fewer nodes");
    if (options.ipv6 && ::access("/proc/sys/net/ipv6", F_OK) != 0)
        return machine_failure("use IPv6", "this kernel runs without it", "use --ip 4");
    return {};
}

}  // namespace

Fabric::Fabric(FabricOptions options, NetNs router, NetlinkSocket socket)
    : options_(std::move(options)), router_(std::move(router)), router_socket_(std::move(socket)) {}
Fabric::Fabric(Fabric&&) noexcept = default;
Fabric& Fabric::operator=(Fabric&&) noexcept = default;
Fabric::~Fabric() = default;

Result<Fabric> Fabric::build(const FabricOptions& options, const std::vector<std::string>& names) {
    NETCUT_TRY(check(options, names.size()));
    const Settings settings = router_settings(options);
    std::vector<NetlinkSocket> sockets;
    NETCUT_ASSIGN(NetNs router, NetNs::create(preparation(settings, sockets)));
    Fabric fabric(options, std::move(router), std::move(sockets.front()));
    NETCUT_TRY(fabric.set_up_router());
    if (!options.access.empty()) NETCUT_TRY(fabric.open_access(names));
    if (!options.sites.empty()) {
        NETCUT_ASSIGN(fabric.sites_, Sites::open(options, names, fabric.router_));
    }
    NETCUT_TRY(fabric.add_nodes(names));
    if (fabric.sites_) NETCUT_TRY(fabric.sites_->set_up(fabric.nodes_));
    if (options.name_server) NETCUT_TRY(fabric.add_name_server());
    NETCUT_TRY(fabric.await_ready(fabric.nodes_));
    NETCUT_TRY(fabric.verify());
    if (!options.uplink.empty()) NETCUT_TRY(fabric.open_uplink());
    return fabric;
}

Result<void> Fabric::set_up_router() {
    Batch batch;
    set_link(batch, loopback, true);
    if (options_.kind == FabricKind::bridge) {
        add_bridge(batch, "br0", bridge_index, options_.mtu);
    } else {
        for (const IpAddress& address : addresses_of(gateway_host))
            add_address(batch, loopback, address, whole(address));
        for (const IpAddress& address : addresses_of_nobody()) add_blackhole(batch, address);
    }
    return router_socket_.commit(batch);
}

Result<void> Fabric::add_nodes(const std::vector<std::string>& names) {
    const Settings settings = node_settings(options_);
    std::vector<NetlinkSocket> sockets;
    NETCUT_ASSIGN(auto namespaces, NetNs::create_many(names.size(), preparation(settings, sockets)));
    Batch links;
    nodes_.reserve(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto number = static_cast<std::uint32_t>(i);
        nodes_.push_back(NodeLink{names[i], std::move(namespaces[i]), std::move(sockets[i]),
                                  VethEnd{fmt::format("p{}", i), first_port_index + static_cast<int>(i),
                                          mac_of(MacKind::port, number)},
                                  VethEnd{"eth0", eth0_index, mac_of(MacKind::node, number)},
                                  addresses_of(first_host + number)});
        append_port(links, nodes_.back());
    }
    NETCUT_TRY(router_socket_.commit(links));
    for (NodeLink& node : nodes_) {
        NETCUT_TRY(join_access(node));
        Batch setup;
        set_link(setup, loopback, true);
        append_node_setup(setup, node);
        NETCUT_TRY(node.socket.commit(setup));
    }
    return {};
}

Result<void> Fabric::add_name_server() {
    const Settings settings = node_settings(options_);
    std::vector<NetlinkSocket> sockets;
    NETCUT_ASSIGN(NetNs ns, NetNs::create(preparation(settings, sockets)));
    name_server_.emplace(NodeLink{"the name server", std::move(ns), std::move(sockets.front()),
                                  VethEnd{"names", name_server_index, mac_of(MacKind::name_server, 0)},
                                  VethEnd{"eth0", eth0_index, mac_of(MacKind::name_server, 1)},
                                  addresses_of(name_server_host)});
    Batch link, setup;
    append_port(link, *name_server_);
    NETCUT_TRY(router_socket_.commit(link));
    set_link(setup, loopback, true);
    append_node_setup(setup, *name_server_);
    NETCUT_TRY(name_server_->socket.commit(setup));
    if (sites_) NETCUT_TRY(sites_->add_name_server(*name_server_));
    return await_ready({&*name_server_, 1});
}

Result<void> Fabric::open_uplink() {
    std::vector<VethEnd> ports;
    for (const NodeLink& node : nodes_)
        if (has_uplink(node.name)) ports.push_back(node.port);
    NETCUT_ASSIGN(uplink_, Uplink::open(options_, router_socket_, ports));
    return {};
}

Result<void> Fabric::open_access(const std::vector<std::string>& names) {
    std::vector<std::optional<AccessLink>> links(names.size());
    for (const AccessLink& link : options_.access) {
        const auto found = std::find(names.begin(), names.end(), link.node);
        if (found == names.end()) return internal_failure("make the link of " + link.node, "it is no node");
        links[static_cast<std::size_t>(found - names.begin())] = link;
    }
    NETCUT_ASSIGN(access_, Access::open(std::move(links), options_.mtu, options_.single_segments));
    return {};
}

// The name server is none of the nodes.
bool Fabric::is_node(const NodeLink& link) const {
    const NodeLink* const first = nodes_.data();
    return std::less_equal<>{}(first, &link) && std::less<>{}(&link, first + nodes_.size());
}

bool Fabric::has_access(const NodeLink& node) const {
    return access_ && is_node(node) && access_->has(index_of(node));
}

Result<void> Fabric::join_access(const NodeLink& node) {
    return has_access(node) ? access_->join(index_of(node), node.eth0, node.ns) : Result<void>();
}

Result<void> Fabric::await_access(std::span<const NodeLink> nodes) {
    std::vector<std::size_t> wanted;
    for (const NodeLink& node : nodes)
        if (has_access(node)) wanted.push_back(index_of(node));
    if (wanted.empty()) return {};
    return await("links with queues of their own", [&] { return access_->are_running(wanted); });
}

bool Fabric::has_uplink(const std::string& node) const {
    return std::find(options_.uplink.begin(), options_.uplink.end(), node) != options_.uplink.end();
}

std::vector<IpAddress> Fabric::addresses_of_nobody() const {
    return addresses_of(nobody_host);
}

std::vector<IpAddress> Fabric::addresses_of(std::uint32_t host) const {
    std::vector<IpAddress> addresses;
    if (options_.ipv4) addresses.emplace_back(v4_of(host));
    if (options_.ipv6) addresses.emplace_back(v6_of(host));
    return addresses;
}

void Fabric::append_port(Batch& batch, const NodeLink& node) const {
    if (has_access(node))
        add_veth(batch, node.port, access_->to_router(index_of(node)), access_->ns(), options_.mtu);
    else
        add_veth(batch, node.port, node.eth0, node.ns, options_.mtu);
    if (options_.kind == FabricKind::bridge)
        set_master(batch, node.port.index, bridge_index);
    else
        append_router_routes(batch, node);
    limit_rate(batch, node.port.index);
    if (equip_) equip_(batch, node.port.index);
}

Result<void> Fabric::equip_ports(std::function<void(Batch&, int port)> equip) {
    equip_ = std::move(equip);
    Batch batch;
    for (const NodeLink& node : nodes_) equip_(batch, node.port.index);
    if (name_server_) equip_(batch, name_server_->port.index);
    for (const int port : sites_ ? sites_->ports() : std::vector<int>()) equip_(batch, port);
    return router_socket_.commit(batch);
}

void Fabric::limit_rate(Batch& batch, int link) const {
    if (!options_.rate) return;
    RateLimit rate = *options_.rate;
    rate.mtu = options_.mtu;
    set_rate(batch, link, rate);
}

void Fabric::append_router_routes(Batch& batch, const NodeLink& node) const {
    for (const IpAddress& address : node.addresses) {
        add_route(batch, {address, whole(address), node.port.index, {}});
        add_neighbour(batch, {node.port.index, address, node.eth0.mac});
    }
    if (sites_ && is_node(node)) sites_->append_routes(batch, index_of(node), node);
}

void Fabric::append_node_setup(Batch& batch, const NodeLink& node) const {
    const int link = node.eth0.index;
    const bool routed = options_.kind == FabricKind::routed;
    set_link(batch, link, true);
    if (options_.single_segments) set_gso_max_segs(batch, link, 1);
    limit_rate(batch, link);
    for (const IpAddress& address : node.addresses) {
        add_address(batch, link, address,
                    routed            ? whole(address)
                    : address.is_v6() ? run_prefix_v6
                                      : run_prefix_v4);
        if (!routed) continue;
        const IpAddress gateway = run_address(address.is_v6(), gateway_host);
        add_neighbour(batch, {link, gateway, node.port.mac});
        add_route(batch, {gateway, whole(gateway), link, {}});
        const auto [destination, length] = way_out(node, address.is_v6());
        add_route(batch, {destination, length, link, gateway});
    }
}

// The router answers what leads nowhere. Such an answer over IPv6 comes while connect() still holds the
// socket, and is lost (tcp_v6_err in net/ipv6/tcp_ipv6.c), so that over IPv6 the node itself knows what it
// reaches.
std::pair<IpAddress, unsigned> Fabric::way_out(const NodeLink& node, bool ipv6) const {
    if (!ipv6 || has_uplink(node.name)) return {any_address(ipv6), 0};
    return {run_address(ipv6, 0), run_prefix_v6};
}

// An address is there once the kernel has a local route to it; a routed node has a way out besides.
Result<bool> Fabric::takes_packets(NodeLink& node) const {
    NETCUT_ASSIGN(const auto routes, list_routes(node.socket, node.eth0.index));
    const auto has_route = [&](const IpAddress& destination, unsigned length, bool local) {
        return std::any_of(routes.begin(), routes.end(), [&](const RouteState& route) {
            return route.local == local && route.destination == destination && route.prefix_length == length;
        });
    };
    return std::all_of(node.addresses.begin(), node.addresses.end(), [&](const IpAddress& address) {
        const auto [destination, length] = way_out(node, address.is_v6());
        return has_route(address, whole(address), true) &&
               (options_.kind != FabricKind::routed || has_route(destination, length, false));
    });
}

Result<void> Fabric::set_link_state(std::size_t index, LinkEnd end, bool up) {
    NodeLink& node = nodes_[index];
    NetlinkSocket& socket = end == LinkEnd::node ? node.socket : router_socket_;
    Batch batch;
    if (up && end == LinkEnd::node)
        append_node_setup(batch, node);
    else
        set_link(batch, end == LinkEnd::node ? node.eth0.index : node.port.index, up);
    if (up && end == LinkEnd::router && options_.kind == FabricKind::routed)
        append_router_routes(batch, node);
    return socket.commit(batch);
}

Result<void> Fabric::unplug(std::span<const std::size_t> nodes) {
    Batch batch;
    for (const std::size_t index : nodes) delete_link(batch, nodes_[index].port.index);
    if (access_) NETCUT_TRY(access_->leave(nodes));
    return router_socket_.commit(batch);
}

// None is given out twice: packets of an earlier owner would be taken for the later one's.
Result<void> Fabric::renumber(std::size_t index, const PlugOptions& options) {
    NodeLink& node = nodes_[index];
    const std::uint32_t host = first_host + static_cast<std::uint32_t>(nodes_.size()) + new_addresses_ + 1;
    if (options.new_address && host >= first_site_host) return used_up(node, "address", new_addresses_);
    if (options.new_mac && new_macs_ == last_mac) return used_up(node, "MAC address", new_macs_);
    if (options.new_address) {
        node.addresses = addresses_of(host);
        ++new_addresses_;
    }
    if (options.new_mac) node.eth0.mac = mac_of(MacKind::renewed, ++new_macs_);
    return {};
}

Result<void> Fabric::plug(std::size_t index, const PlugOptions& options) {
    NETCUT_TRY(renumber(index, options));
    NodeLink& node = nodes_[index];
    Batch port;
    append_port(port, node);
    NETCUT_TRY(router_socket_.commit(port));
    NETCUT_TRY(join_access(node));
    if (sites_) NETCUT_TRY(sites_->readmit(index, node));
    Batch setup;
    append_node_setup(setup, node);
    NETCUT_TRY(node.socket.commit(setup));
    NETCUT_TRY(await_ready({&node, 1}));
    if (!options.announce) return {};
    for (const IpAddress& address : node.addresses)
        NETCUT_TRY(announce(node.ns, node.eth0.index, node.eth0.mac, address));
    return {};
}

Result<void> Fabric::renew(std::size_t index) {
    const Settings settings = node_settings(options_);
    std::vector<NetlinkSocket> sockets;
    NETCUT_ASSIGN(auto namespaces, NetNs::create_many(1, preparation(settings, sockets)));
    Batch setup;
    set_link(setup, loopback, true);
    NETCUT_TRY(sockets.front().commit(setup));
    nodes_[index].ns = std::move(namespaces.front());
    nodes_[index].socket = std::move(sockets.front());
    return {};
}

Result<void> Fabric::close_ports() {
    Batch batch;
    for (const NodeLink& node : nodes_) set_link(batch, node.port.index, false);
    auto closed = router_socket_.commit(batch);
    if (!closed && closed.error().code == ENODEV) return {};  // some are unplugged, and the others are down
    return closed;
}

Result<bool> Fabric::is_connected(std::size_t index) {
    NodeLink& node = nodes_[index];
    NETCUT_ASSIGN(const auto here, list_links(node.socket));
    NETCUT_ASSIGN(const auto there, list_links(router_socket_));
    const auto up = [](const std::vector<LinkState>& links, int wanted) {
        return std::any_of(links.begin(), links.end(),
                           [&](const LinkState& link) { return link.index == wanted && link.up; });
    };
    return up(here, node.eth0.index) && up(there, node.port.index);
}

// Links get their carrier a moment later. And an IPv6 address takes no packet in, nor answers a solicitation,
// until a worker has put its local route in place.
Result<void> Fabric::await_ready(std::span<NodeLink> nodes) {
    for (NodeLink& node : nodes) {
        NETCUT_TRY(
            await("the link of " + node.name, [&] { return are_running(node.socket, {node.eth0.index}); }));
        NETCUT_TRY(await("the addresses of " + node.name, [&] { return takes_packets(node); }));
    }
    std::set<int> ports;
    for (const NodeLink& node : nodes) ports.insert(node.port.index);
    NETCUT_TRY(await("the router's ports", [&] { return are_running(router_socket_, ports); }));
    NETCUT_TRY(await_access(nodes));
    // A link is told to run before its queue takes packets. The kernel does both under one lock (rtnl, see
    // net/core/link_watch.c), for which this change waits that changes nothing.
    Batch nothing;
    set_link(nothing, loopback, true);
    return router_socket_.commit(nothing);
}

Result<void> Fabric::verify() {
    NETCUT_ASSIGN(const auto links, list_links(router_socket_));
    std::map<int, const LinkState*> by_index;
    for (const LinkState& link : links) by_index[link.index] = &link;
    for (NodeLink& node : nodes_) {
        const auto found = by_index.find(node.port.index);
        if (found == by_index.end() || !found->second->up || found->second->mtu != options_.mtu)
            return missing(node, "the router's port " + node.port.name);
    }
    return {};
}

}  // namespace netcut
