// SPDX-License-Identifier: Apache-2.0
#include "sockets/sockets.h"

#include <linux/netlink.h>

#include <algorithm>
#include <set>
#include <thread>
#include <tuple>

#include "fabric/options.h"
#include "fabric/sites.h"
#include "kernel/address.h"
#include "kernel/links_read.h"
#include "sockets/half_open.h"
#include "sockets/site_ends.h"

namespace netcut {
namespace {

Result<std::vector<NodeSockets>> read_all(const Fabric& fabric, SocketReader& reader,
                                          const std::function<bool(const std::string&)>& wanted) {
    std::vector<NodeSockets> nodes;
    std::vector<std::optional<std::size_t>> site_of;
    for (std::size_t i = 0; i < fabric.size(); ++i) {
        if (!wanted(fabric.node(i).name)) continue;
        NETCUT_ASSIGN(auto sockets, reader.read(i));
        nodes.push_back({fabric.node(i).name, fabric.node(i).addresses, std::move(sockets)});
        site_of.push_back(fabric.sites() != nullptr ? fabric.sites()->of(i) : std::nullopt);
    }
    if (fabric.sites() != nullptr) join_relayed(*fabric.sites(), nodes);
    if (fabric.sites() != nullptr) leave_out_hidden(*fabric.sites(), site_of, nodes);
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
    NETCUT_ASSIGN(auto sockets, list_tcp_sockets(*diag));
    if (fabric_.sites() != nullptr) NETCUT_TRY(reveal_ends(*fabric_.sites(), sockets));
    return sockets;
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
    NETCUT_ASSIGN(WaitReading reading, netcut::read_waits(outermost, *diag));
    if (fabric_.sites() != nullptr) NETCUT_TRY(reveal_ends(*fabric_.sites(), reading.facts));
    if (const auto found = tries_.find(node); found != tries_.end()) reading.facts.tries = found->second;
    if (fabric_.options().kind == FabricKind::bridge) NETCUT_TRY(add_neighbours(node, reading.facts));
    return reading;
}

// Routed, all neighbours are permanent.
Result<void> SocketReader::add_neighbours(std::size_t node, NodeWaits& facts) const {
    std::set<IpAddress> unanswered;
    for (const ConnectionFacts& one : facts.connections)
        if (one.timers.timer == TcpTimer::retransmission && one.timers.attempts > 0)
            unanswered.insert(one.socket.remote);
    if (unanswered.empty()) return {};
    NETCUT_ASSIGN(auto socket, NetlinkSocket::open(NETLINK_ROUTE, &fabric_.node(node).ns));
    NETCUT_ASSIGN(const auto all, list_neighbours(socket));
    for (const NeighbourState& one : all)
        if (unanswered.contains(one.address) && facts.neighbours.size() < most_neighbours)
            facts.neighbours.push_back({one.address.to_string(),
                                        one.mac == MacAddress{} ? std::string() : mac_text(one.mac),
                                        one.resolved});
    return {};
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

}  // namespace netcut
