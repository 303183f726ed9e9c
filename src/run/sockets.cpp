// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <tuple>

#include "netcut/run.h"

namespace netcut {
namespace {

using Flow = std::tuple<IpAddress, std::uint16_t, IpAddress, std::uint16_t>;

// States in which an end still believes in its peer.
bool believes(const TcpSocket& socket) {
    return socket.state == "ESTABLISHED" || socket.state == "FIN_WAIT1" || socket.state == "FIN_WAIT2" ||
           socket.state == "CLOSE_WAIT";
}

}  // namespace

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
            if (!believes(socket) || ends.count(other_end) != 0 || socket.remote.is_loopback()) continue;
            const auto owner = owners.find(socket.remote);
            found.push_back({node.name, owner == owners.end() ? "nobody" : owner->second, socket});
        }
    }
    return found;
}

}  // namespace netcut
