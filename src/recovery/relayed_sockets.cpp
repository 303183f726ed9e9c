// SPDX-License-Identifier: Apache-2.0
#include "recovery/relayed_sockets.h"

#include "fabric/sites.h"
#include "sockets/relayed_ends.h"

namespace netcut {

std::vector<std::optional<std::size_t>> RelayedSockets::peers_at(std::size_t node,
                                                                 const ConversationKey& key) const {
    const auto owner = owners_.find(std::get<2>(key));
    if (owner != owners_.end()) return {owner->second};
    std::vector<std::optional<std::size_t>> peers = {std::nullopt};
    if (fabric_.sites() == nullptr || !fabric_.sites()->is_proxy(std::get<2>(key))) return peers;
    for (std::size_t other = 0; other < fabric_.size(); ++other)
        if (fabric_.sites()->are_apart(node, other)) peers.emplace_back(other);
    return peers;
}

std::optional<std::size_t> RelayedSockets::owner(const TcpSocket& socket) const {
    const Sites* sites = fabric_.sites();
    const Relay* relay =
        sites != nullptr ? sites->relay_of({socket.local, socket.local_port}, socket.remote) : nullptr;
    const auto owner = owners_.find(relay != nullptr ? relay->target.address : socket.remote);
    return owner == owners_.end() ? std::nullopt : std::optional(owner->second);
}

ConversationKey RelayedSockets::key_of_other(const TcpSocket& end) const {
    const Relay* relay = fabric_.sites() != nullptr ? relay_with(*fabric_.sites(), end) : nullptr;
    if (relay == nullptr) return {end.remote, end.remote_port, end.local, end.local_port};
    if (is_end(relay->node, end))
        return {relay->target.address, relay->target.port, relay->node.address, relay->node.port};
    return {relay->node.address, relay->node.port, relay->inner.address, relay->inner.port};
}

std::string RelayedSockets::who(const ConversationKey& key) const {
    const Sites* sites = fabric_.sites();
    const Relay* relay =
        sites != nullptr ? sites->relay_of({std::get<0>(key), std::get<1>(key)}, std::get<2>(key)) : nullptr;
    const auto owner = owners_.find(relay != nullptr ? relay->target.address : std::get<2>(key));
    return owner == owners_.end() ? std::string() : fabric_.node(owner->second).name;
}

// What a relayed connection has carried is told by the node's own: of the other one no packet is its opener's.
OpenedWork RelayedSockets::seen_on(const ConversationKey& key) const {
    const Relay* relay = fabric_.sites() != nullptr
                             ? fabric_.sites()->relay_between({std::get<2>(key), std::get<3>(key)},
                                                              {std::get<0>(key), std::get<1>(key)})
                             : nullptr;
    if (relay == nullptr) return tap_.seen(key);
    return tap_.seen({relay->node.address, relay->node.port, relay->inner.address, relay->inner.port});
}

void RelayedSockets::join(SocketSample& sample) const {
    Sites* sites = fabric_.sites();
    for (std::size_t i = 0; sites != nullptr && i < sample.own.size(); ++i) {
        TcpSocket& own = sample.own[i];
        const Relay* relay = relay_with(*sites, own);
        if (relay == nullptr) {
            if (sites->is_proxy(own.remote)) own = going_nowhere(own);
            continue;
        }
        const auto found = sample.other_ends.find(conversation_key(own));
        TcpSocket* other = found == sample.other_ends.end() ? nullptr : &found->second;
        const bool is_node = is_end(relay->node, own);
        const TcpSocket first = own, second = other != nullptr ? *other : TcpSocket{};
        const TcpSocket* far = other != nullptr ? &second : nullptr;
        const FarEnds ends{is_node ? &first : far, is_node ? far : &first};
        note_arrivals(*sites, *relay, ends);
        own = is_node ? node_end_to_end(ends, *relay) : target_end_to_end(ends, *relay);
        if (other != nullptr)
            *other = is_node ? target_end_to_end(ends, *relay) : node_end_to_end(ends, *relay);
    }
}

}  // namespace netcut
