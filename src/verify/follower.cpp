// SPDX-License-Identifier: Apache-2.0
#include "verify/follower.h"

#include <netinet/in.h>

namespace netcut {

Follower::Follower(const Captures& captures, std::size_t node, Nanoseconds healed, Nanoseconds end,
                   const std::function<bool(std::size_t node)>& hides)
    : node_(node), healed_(healed) {
    for (const SeenPacket& packet : captures.seen) {
        if (packet.time > end) break;
        if (!passed_heal_ && packet.time >= healed) pass_heal();
        const bool is_udp = packet.header.protocol == IPPROTO_UDP && packet.header.source_port != 0;
        if ((!packet.header.tcp && !is_udp) || packet.header.later_fragment) continue;
        if (is_udp) {
            follow_datagram(packet, hides);
            continue;
        }
        if (packet.from == node) take(packet, true);
        if (packet.to == node && !packet.crosses) take(packet, false);
    }
    if (!passed_heal_) pass_heal();
}

void Follower::pass_heal() {
    passed_heal_ = true;
    for (auto& [key, one] : followed_)
        one.awaits_sent =
            one.up.last_sent &&
            (!one.up.acknowledged || CapturedWay::distance(*one.up.acknowledged, *one.up.last_sent) > 0);
}

// One that crosses a site's border has passed when it leaves by its receiver's port.
void Follower::follow_datagram(const SeenPacket& packet, const std::function<bool(std::size_t node)>& hides) {
    const bool is_own = (packet.from ? packet.from : packet.source) == node_;
    if (!is_own && packet.to != node_) return;
    Followed& one = entry_of(packet, is_own);
    if (!is_own) one.down.any = true;
    if (packet.lost_by || !passed_heal_) return;
    const bool is_hidden =
        packet.from && packet.crosses && packet.header.source.is_v4() && hides(*packet.from);
    if (packet.from && packet.crosses && !is_hidden) return;
    auto& first =
        is_hidden ? (is_own ? one.hidden_sent : one.hidden_received) : (is_own ? one.sent : one.received);
    if (!first) first = packet.time - healed_;
}

Followed& Follower::entry_of(const SeenPacket& packet, bool up) {
    const PacketHeader& header = packet.header;
    const ConversationKey key =
        up ? ConversationKey{header.source, header.source_port, header.destination, header.destination_port}
           : ConversationKey{header.destination, header.destination_port, header.source, header.source_port};
    const auto [entry, is_new] = followed_.try_emplace(key);
    Followed& one = entry->second;
    if (is_new) {
        one.node = node_;
        one.peer = up ? packet.to : packet.from ? packet.from : packet.source;
        one.begun = packet.time;
    }
    one.udp = !header.tcp;
    return one;
}

void Follower::take(const SeenPacket& packet, bool up) {
    const PacketHeader& header = packet.header;
    Followed& one = entry_of(packet, up);
    const TcpFields& tcp = *header.tcp;
    if (up && header.payload > 0) one.up.note_sent(tcp.seq + header.payload);
    if (packet.lost_by) return;
    if ((tcp.flags & tcp_flag::syn) != 0) {
        (up ? one.up : one.down).next = tcp.seq + 1;
        if ((tcp.flags & tcp_flag::ack) == 0) one.up.acknowledged.reset();
    } else if (header.payload > 0) {
        const bool is_new_data = (up ? one.up : one.down).take_segment(tcp.seq, header.payload);
        if (is_new_data && !up && passed_heal_ && !one.received) one.received = packet.time - healed_;
    }
    if (!up && (tcp.flags & tcp_flag::ack) != 0 && one.up.take_acknowledgement(tcp.ack) && passed_heal_ &&
        !one.sent)
        one.sent = packet.time - healed_;
}

}  // namespace netcut
