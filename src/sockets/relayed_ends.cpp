// SPDX-License-Identifier: Apache-2.0
#include "sockets/relayed_ends.h"

#include <algorithm>

#include "base/difference.h"

namespace netcut {
namespace {

constexpr std::uint64_t syn_of_opener = 1;
constexpr std::uint32_t queued_fin = 1;  // in a send queue

// Of which the kernel has forgotten all but that it was there.
bool is_counted(const TcpSocket* socket) {
    return socket != nullptr && socket->state != "TIME_WAIT" && socket->state != "CLOSED";
}

// What passed from one end to the other: at the proxy, and at the other end.
struct RelayedWay {
    std::uint64_t at_proxy = 0, arrived = 0;
};

RelayedWay up_of(const FarEnds& ends, const Relay& relay) {
    const std::uint64_t passed =
        is_counted(ends.node) ? difference(sent_by(*ends.node), syn_of_opener + relay.head) : 0;
    const std::uint64_t came = is_counted(ends.target) ? received_by(*ends.target) : 0;
    return {std::max(relay.up.carried, passed), std::max(relay.up.arrived, came)};
}

RelayedWay down_of(const FarEnds& ends, const Relay& relay) {
    const std::uint64_t passed = is_counted(ends.target) ? sent_by(*ends.target) : 0;
    const std::uint64_t came = is_counted(ends.node) ? difference(received_by(*ends.node), relay.reply) : 0;
    return {std::max(relay.down.carried, passed), std::max(relay.down.arrived, came)};
}

// What its program has closed is over when it is known what became of all that it had sent: until then as if it were open. Unless
// it was given up: then not even the proxy had all.
void stay_open(TcpSocket& end, const Relay& relay) {
    if (end.held || end.send_queue > queued_fin) return;
    const bool all_arrived = relay.up.carried == relay.up.arrived && relay.down.carried == relay.down.arrived;
    if (relay.has_ended) {
        if (end.state == "TIME_WAIT" && !all_arrived) end.state = "LAST_ACK";
        return;
    }
    end.state = "ESTABLISHED";
    end.held = true;
}

void count(TcpSocket& end, const RelayedWay& sent, const RelayedWay& received, std::uint64_t syn) {
    const std::uint64_t fin = end.state == "FIN_WAIT2" ? 1 : 0,
                        held = difference(sent.at_proxy, sent.arrived);
    const bool got_fin = end.state == "CLOSE_WAIT" || end.state == "LAST_ACK" || end.state == "CLOSING";
    const std::uint64_t acknowledged = std::min(sent.at_proxy, sent.arrived);  // as far as this end knows
    end.bytes_acked = acknowledged == 0 ? 0 : acknowledged + syn + fin;
    end.bytes_received = received.arrived == 0 ? 0 : received.arrived + (got_fin ? 1 : 0);
    end.send_queue += static_cast<std::uint32_t>(std::min<std::uint64_t>(held, UINT32_MAX / 2));
}

}  // namespace

// Until a SYN is acknowledged nothing else is, and one that was never sent is not counted.
std::uint64_t sent_by(const TcpSocket& socket) {
    const bool syn_alone =
        socket.bytes_acked == 1 && (socket.send_queue > 0 || socket.data_segments_sent == 0);
    const bool fin_too = socket.state == "FIN_WAIT2";
    return syn_alone || socket.bytes_acked == 0 ? 0 : socket.bytes_acked - (fin_too ? 1 : 0);
}

std::uint64_t received_by(const TcpSocket& socket) {
    const bool fin_too =
        socket.state == "CLOSE_WAIT" || socket.state == "LAST_ACK" || socket.state == "CLOSING";
    return socket.bytes_received == 0 ? 0 : socket.bytes_received - (fin_too ? 1 : 0);
}

void note_arrivals(Sites& sites, const Relay& relay, const FarEnds& ends) {
    const RelayedWay up = up_of(ends, relay), down = down_of(ends, relay);
    for (std::size_t site = 0; site < sites.size(); ++site)
        if (RelayBook* book = sites[site].relays(); book != nullptr && book->of_node(relay.node) == &relay)
            book->note(relay.node, {up.at_proxy, up.arrived}, {down.at_proxy, down.arrived});
}

TcpSocket node_end_to_end(const FarEnds& ends, const Relay& relay) {
    TcpSocket node = *ends.node;
    stay_open(node, relay);
    count(node, up_of(ends, relay), down_of(ends, relay), syn_of_opener);
    return node;
}

TcpSocket target_end_to_end(const FarEnds& ends, const Relay& relay) {
    TcpSocket target = *ends.target;
    stay_open(target, relay);
    count(target, down_of(ends, relay), up_of(ends, relay), 0);
    return target;
}

bool is_end(const RelayEnd& end, const TcpSocket& socket) {
    return end.address == socket.local && end.port == socket.local_port;
}

const Relay* relay_with(const Sites& sites, const TcpSocket& socket) {
    const RelayEnd local{socket.local, socket.local_port}, remote{socket.remote, socket.remote_port};
    if (const Relay* relay = sites.relay_of(local, remote.address)) return relay;
    return sites.relay_between(remote, local);
}

TcpSocket going_nowhere(TcpSocket node) {
    node.bytes_acked = node.bytes_received = 0;
    node.data_segments_sent = 0;
    return node;
}

}  // namespace netcut
