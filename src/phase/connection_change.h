// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/words.h"
#include "kernel/socket_facts.h"

namespace netcut {

// What a connection was seen to do.
enum class ConnectionChange {
    opened,
    state,        // it has come to another one
    resent,       // TCP has sent something again
    probed,       // a keepalive probe was not answered
    window_full,  // the other end has no room, at first, and at each probe
    answered,     // after one of these three
    gone          // the kernel has it no more, or only keeps its ports from being used again
};
inline constexpr std::array<EnumWord<ConnectionChange>, 7> connection_change_words = {{
    {ConnectionChange::opened, "opened"},
    {ConnectionChange::state, "state"},
    {ConnectionChange::resent, "resent"},
    {ConnectionChange::probed, "probed"},
    {ConnectionChange::window_full, "window-full"},
    {ConnectionChange::answered, "answered"},
    {ConnectionChange::gone, "gone"},
}};
constexpr const auto& words_of(ConnectionChange) {
    return connection_change_words;
}

// Of one connection of a node.
struct ConnectionNews {
    ConnectionChange change = ConnectionChange::opened;
    TcpSocket socket{};
    TcpTimers timers{};
    std::uint64_t untold = 0;  // changes of this node's connections before it that are left out
};

}  // namespace netcut
