// SPDX-License-Identifier: Apache-2.0
#include "sockets/half_open.h"

#include <algorithm>
#include <map>
#include <set>
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

}  // namespace

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
            if (ends.contains(other_end) && (both_are_reached || is_of_the_link(socket.local))) continue;
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
