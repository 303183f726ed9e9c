// SPDX-License-Identifier: Apache-2.0
//
// Nodes whose links have queues of their own, as data; fabric/access.h makes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace netcut {

// How many bytes may wait in each direction of a node's link; without: there is no queue, and packets pass at once.
struct AccessLink {
    std::string node;
    std::optional<std::uint64_t> up{}, down{};
};

// One direction over time, in bytes of frames and in packets.
struct LinkCount {
    std::uint64_t bytes = 0, lost = 0, waiting = 0;
};

}  // namespace netcut
