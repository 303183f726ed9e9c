// SPDX-License-Identifier: Apache-2.0
#include "sockets/site_ends.h"

#include <netinet/in.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "fault/packet.h"
#include "kernel/socket_facts.h"

namespace netcut {
namespace {

// Two connections of a proxy are one for who looks at the far ends alone.
void join_relayed(const Sites& sites, TcpSocket& socket) {
    const Relay* relay = sites.relay_of({socket.local, socket.local_port}, socket.remote);
    if (relay == nullptr) return;
    socket.remote = relay->target.address;
    socket.remote_port = relay->target.port;
}

Result<void> reveal(Sites& sites, const std::vector<TcpSocket*>& sockets) {
    std::set<std::size_t> asked;
    for (const TcpSocket* socket : sockets)
        if (const auto site = sites.behind(socket->remote)) asked.insert(*site);
    for (const std::size_t site : asked)
        if (sites[site].spec().hides()) NETCUT_TRY(sites[site].learn_flows());
    for (TcpSocket* socket : sockets) {
        const auto site = sites.behind(socket->remote);
        if (!site) continue;
        const auto* own = sites[*site].opener_of(IPPROTO_TCP, {socket->remote, socket->remote_port},
                                                 {socket->local, socket->local_port});
        if (own == nullptr) continue;
        socket->remote = own->address;
        socket->remote_port = own->port;
    }
    return {};
}

}  // namespace

Result<void> reveal_ends(Sites& sites, std::vector<TcpSocket>& sockets) {
    std::vector<TcpSocket*> all;
    for (TcpSocket& socket : sockets) all.push_back(&socket);
    return reveal(sites, all);
}

Result<void> reveal_ends(Sites& sites, NodeWaits& facts) {
    std::vector<TcpSocket*> all;
    std::vector<std::string> seen;  // by which threads name them
    for (ConnectionFacts& one : facts.connections) {
        seen.push_back(ends_of(one.socket));
        join_relayed(sites, one.socket);
        all.push_back(&one.socket);
    }
    NETCUT_TRY(reveal(sites, all));
    std::map<std::string, std::string> revealed;
    for (std::size_t i = 0; i < all.size(); ++i) revealed.emplace(seen[i], ends_of(*all[i]));
    for (ThreadFacts& thread : facts.waits)
        for (WaitTarget& target : thread.on)
            if (target.object == WaitObject::connection && revealed.contains(target.what))
                target.what = revealed.at(target.what);
    return {};
}

// A router that does not know the flow is asked again a little later: the flow may be new.
const SiteRouter::End* PacketRevealer::find(std::size_t site, const SiteRouter::End& seen,
                                            const SiteRouter::End& other) {
    constexpr auto between_questions = std::chrono::milliseconds(5);
    if (const auto* own = (*sites_)[site].opener_of(IPPROTO_TCP, seen, other)) return own;
    if (Clock::now() < asked_ + between_questions) return nullptr;
    asked_ = Clock::now();
    if (!(*sites_)[site].learn_flows()) return nullptr;
    return (*sites_)[site].opener_of(IPPROTO_TCP, seen, other);
}

std::span<const std::uint8_t> PacketRevealer::reveal(std::span<const std::uint8_t> packet) {
    constexpr std::size_t source_at = 12, address_bytes = 4;
    if (sites_ == nullptr) return packet;
    const auto header = parse_packet(packet);
    if (!header || !header->source.is_v4()) return packet;
    const auto site = sites_->behind(header->source);
    // What comes from a proxy is of another connection than the node's, with numbers of its own.
    if (!site || (*sites_)[*site].relays() != nullptr) return packet;
    const auto* own =
        find(*site, {header->source, header->source_port}, {header->destination, header->destination_port});
    if (own == nullptr || header->network_header + 2 > packet.size()) return packet;
    revealed_.assign(packet.begin(), packet.end());
    const auto address = own->address.to_v4().to_bytes();
    std::copy_n(address.begin(), address_bytes, revealed_.begin() + source_at);
    revealed_[header->network_header] = static_cast<std::uint8_t>(own->port >> 8);
    revealed_[header->network_header + 1] = static_cast<std::uint8_t>(own->port);
    return revealed_;
}

void join_relayed(const Sites& sites, std::vector<NodeSockets>& nodes) {
    for (NodeSockets& node : nodes)
        for (TcpSocket& socket : node.sockets) join_relayed(sites, socket);
}

void leave_out_hidden(const Sites& sites, const std::vector<std::optional<std::size_t>>& site_of,
                      std::vector<NodeSockets>& nodes) {
    std::set<std::tuple<std::size_t, IpAddress, std::uint16_t>>
        hidden;  // a site, and whom somebody in it speaks to
    for (NodeSockets& node : nodes)
        std::erase_if(node.sockets, [&](const TcpSocket& socket) {
            const auto site = sites.behind(socket.remote);
            if (site) hidden.emplace(*site, socket.local, socket.local_port);
            return site.has_value();
        });
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (site_of[i])
            std::erase_if(nodes[i].sockets, [&](const TcpSocket& socket) {
                return hidden.contains({*site_of[i], socket.remote, socket.remote_port});
            });
}

}  // namespace netcut
