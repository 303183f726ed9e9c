// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "kernel/socket_facts.h"

namespace netcut {

// TCP's timer of a full window also runs where a packet could not leave the node, because it has no link or no route,
// and nothing else was on its way: then the other end had room for what waits, or for a segment of it. False for both
// where the kernel does not say what room there is (before Linux 5.4).
inline bool could_not_leave(const TcpSocket& socket, const TcpTimers& timers) {
    constexpr std::uint32_t usual_segment = 1460;
    return timers.timer == TcpTimer::zero_window && socket.send_queue > 0 &&
           timers.peer_window >= std::min(socket.send_queue, usual_segment);
}

// The other end has no room.
inline bool is_window_full(const TcpSocket& socket, const TcpTimers& timers) {
    return timers.timer == TcpTimer::zero_window && !could_not_leave(socket, timers);
}

}  // namespace netcut
