// SPDX-License-Identifier: Apache-2.0
#include "run/sockets.h"

#include <linux/netlink.h>

#include <algorithm>
#include <set>
#include <thread>
#include <tuple>

namespace netcut {
namespace {

using Flow = std::tuple<IpAddress, std::uint16_t, IpAddress, std::uint16_t>;

// States in which an end still believes in its peer.
bool believes(const TcpSocket& socket) {
    return socket.state == "ESTABLISHED" || socket.state == "FIN_WAIT1" || socket.state == "FIN_WAIT2" ||
           socket.state == "CLOSE_WAIT";
}

// What a node gives itself, for its own link.
bool is_of_the_link(const IpAddress& address) {
    return address.is_v6() && address.to_v6().is_link_local();
}

bool same(const HalfOpen& a, const HalfOpen& b) {
    const auto flow = [](const HalfOpen& half) {
        const TcpSocket& socket = half.socket;
        return Flow(socket.local, socket.local_port, socket.remote, socket.remote_port);
    };
    return a.node == b.node && flow(a) == flow(b);
}

Result<std::vector<NodeSockets>> read_all(const Fabric& fabric, SocketReader& reader,
                                          const std::function<bool(const std::string&)>& wanted) {
    std::vector<NodeSockets> nodes;
    for (std::size_t i = 0; i < fabric.size(); ++i) {
        if (!wanted(fabric.node(i).name)) continue;
        NETCUT_ASSIGN(auto sockets, reader.read(i));
        nodes.push_back({fabric.node(i).name, fabric.node(i).addresses, std::move(sockets)});
    }
    return nodes;
}

}  // namespace

Result<NetlinkSocket*> SocketReader::diag_of(std::size_t node) {
    auto diag = diags_.find(node);
    if (diag == diags_.end()) {
        NETCUT_ASSIGN(NetlinkSocket opened, NetlinkSocket::open(NETLINK_SOCK_DIAG, &fabric_.node(node).ns));
        diag = diags_.emplace(node, std::move(opened)).first;
    }
    return &diag->second;
}

Result<std::vector<TcpSocket>> SocketReader::read(std::size_t node) {
    NETCUT_ASSIGN(NetlinkSocket* const diag, diag_of(node));
    return list_tcp_sockets(*diag);
}

Result<std::set<std::uint16_t>> SocketReader::read_udp_ports(std::size_t node) {
    NETCUT_ASSIGN(NetlinkSocket* const diag, diag_of(node));
    return list_udp_ports(*diag);
}

Result<std::vector<TcpSocket>> SocketReader::read_listening(std::size_t node) {
    NETCUT_ASSIGN(NetlinkSocket* const diag, diag_of(node));
    return list_listening_sockets(*diag);
}

Result<WaitReading> SocketReader::read_waits(std::size_t node, pid_t outermost) {
    NETCUT_ASSIGN(NetlinkSocket* const diag, diag_of(node));
    return netcut::read_waits(outermost, *diag);
}

Result<std::vector<HalfOpen>> sample_half_open(const Fabric& fabric, SocketReader& reader) {
    constexpr int confirmations = 2;
    constexpr auto apart = std::chrono::milliseconds(10);
    NETCUT_ASSIGN(const auto nodes, read_all(fabric, reader, [](const std::string&) { return true; }));
    std::vector<HalfOpen> found = find_half_open(nodes);
    for (int i = 0; i < confirmations && !found.empty(); ++i) {
        std::this_thread::sleep_for(apart);
        NETCUT_ASSIGN(const auto again, read_all(fabric, reader, [&](const std::string& name) {
                          return std::any_of(found.begin(), found.end(), [&](const HalfOpen& half) {
                              return half.node == name || half.peer == name;
                          });
                      }));
        found = still_half_open(found, again);
    }
    return found;
}

std::vector<HalfOpen> still_half_open(const std::vector<HalfOpen>& candidates,
                                      const std::vector<NodeSockets>& again) {
    const std::vector<HalfOpen> found = find_half_open(again);
    std::vector<HalfOpen> still;
    for (const HalfOpen& candidate : candidates)
        if (std::any_of(found.begin(), found.end(),
                        [&](const HalfOpen& half) { return same(half, candidate); }))
            still.push_back(candidate);
    return still;
}

std::vector<HalfOpen> find_half_open(const std::vector<NodeSockets>& nodes) {
    std::set<Flow> ends;
    std::map<IpAddress, std::string> owners;
    for (const NodeSockets& node : nodes) {
        for (const IpAddress& address : node.addresses) owners[address] = node.name;
        for (const TcpSocket& socket : node.sockets)
            // TIME_WAIT and CLOSED have no application behind them any more.
            if (socket.state != "TIME_WAIT" && socket.state != "CLOSED")
                ends.emplace(socket.local, socket.local_port, socket.remote, socket.remote_port);
    }
    std::vector<HalfOpen> found;
    for (const NodeSockets& node : nodes) {
        for (const TcpSocket& socket : node.sockets) {
            const Flow other_end(socket.remote, socket.remote_port, socket.local, socket.local_port);
            if (!believes(socket) || socket.remote.is_loopback()) continue;
            const auto owner = owners.find(socket.remote);
            const bool both_are_reached = owners.contains(socket.local) && owner != owners.end();
            if (ends.count(other_end) != 0 && (both_are_reached || is_of_the_link(socket.local))) continue;
            const bool address_gone = !owners.contains(socket.local) && !is_of_the_link(socket.local);
            found.push_back(
                {node.name, owner == owners.end() ? "nobody" : owner->second, socket, address_gone});
        }
    }
    // First whose own address is gone: the others are what became of that.
    std::stable_partition(found.begin(), found.end(), [](const HalfOpen& half) { return half.address_gone; });
    return found;
}

}  // namespace netcut
