// SPDX-License-Identifier: Apache-2.0
//
// Events of record/event.h: what `link:` of a scenario has come to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "record/list_events.h"

namespace netcut::event {

// One direction of a node's link.
struct LinkSide {
    std::string what{};            // "20000000bit", "lte.up", "lte, seed 3"
    std::string file{}, sha256{};  // of the trace, if it is of a file
    double mean_bit_per_s = 0;     // of the trace
    std::uint64_t queue_bytes = 0;
    // Of a trace that loses packets: which of them, and the seed of that list.
    std::optional<LossList> losses{};
    std::optional<std::uint64_t> loss_seed{};
};

// How the node's link was asked to be.
struct NodeLink {
    std::optional<LinkSide> up{}, down{};
};

// In bytes of frames; `lost` in packets. What could have passed, and what did.
struct LinkFlow {
    std::uint64_t capacity = 0, delivered = 0, lost = 0;
    std::uint64_t waiting = 0;  // at the end
    // By its trace: the delay on average, how many packets came, and how many of them were lost.
    Nanoseconds delay_ns{0};
    std::uint64_t numbered = 0, lost_by_trace = 0;
};

struct LinkUse {
    std::optional<LinkFlow> up{}, down{};
};

struct LinksSeen {
    Nanoseconds from_ns{0}, to_ns{0};
    std::vector<std::pair<std::string, LinkUse>> nodes{};
};

// How rates were set, in all: how often that of a direction changed, how late at most, and how much CPU time that took.
struct LinksSummed {
    std::uint64_t changes = 0;
    Nanoseconds latest_ns{0}, cpu_ns{0};
};

}  // namespace netcut::event
