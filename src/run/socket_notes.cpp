// SPDX-License-Identifier: Apache-2.0
#include "run/socket_notes.h"

#include <algorithm>
#include <utility>

#include "kernel/sockdiag.h"
#include "record/facts.h"

namespace netcut {

Result<void> SocketNotes::add(SocketMoment moment, const std::vector<std::size_t>& nodes) {
    for (const std::size_t node : nodes) {
        NETCUT_ASSIGN(auto read, sockets_.read(node));
        journal_.add(event::SocketsSeen{moment, std::move(read)}, {.node = fabric_.node(node).name});
    }
    return {};
}

Result<void> SocketNotes::add_half_open() {
    NETCUT_ASSIGN(const auto sampled, sample_half_open(fabric_, sockets_));
    for (const HalfOpen& half : sampled)
        journal_.add(event::HalfOpenSeen{half.socket, half.peer, half.address_gone}, {.node = half.node});
    return {};
}

// Who listens on the loopback device alone is reached by nobody.
Result<void> SocketNotes::add_listening(std::size_t node) {
    constexpr std::size_t most = 16;
    if (std::exchange(has_listening_, true)) return {};
    NETCUT_ASSIGN(const auto read, sockets_.read_listening(node));
    event::NodeListening listening;
    for (const TcpSocket& socket : read)
        if (listening.addresses.size() < most)
            listening.addresses.push_back(end_point_text(socket.local, socket.local_port));
    listening.reachable = std::any_of(read.begin(), read.end(),
                                      [](const TcpSocket& socket) { return !socket.local.is_loopback(); });
    journal_.add(std::move(listening), {.node = fabric_.node(node).name});
    return {};
}

}  // namespace netcut
