// SPDX-License-Identifier: Apache-2.0
//
// Delay, jitter, order, copies and wrong bits, and a seed, become a list that says what is done to each packet. Pure. The same
// spec, seed and period give the same list on any machine: draws are std::mt19937_64's, whose numbers the standard fixes, and
// what is computed from them are integers and single comparisons of doubles. To change the order of the draws is to change
// every list that was ever recorded.
//
// A list covers one period of packets, counted from 1, and repeats: packet period + 1 fares as packet 1 did.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "link/queue.h"

namespace netcut {

inline constexpr std::uint32_t default_hold_period = 100'000;
inline constexpr std::uint32_t max_hold_period = 1U << 22U;  // 32 MiB of delays

// What is done to one packet.
struct HoldDecision {
    Nanoseconds delay{0};
    bool copied = false;  // it arrives twice
    std::optional<std::uint32_t>
        flip;  // the bit of this number is wrong, modulo the packet's bits from layer 3 on
    bool operator==(const HoldDecision&) const = default;
};

class HoldList {
  public:
    HoldList() = default;  // does nothing
    // Of `spec` counts what netem would do; its correlations are the chance that a packet fares as the one before.
    static Result<HoldList> make(const QueueSpec& spec, std::uint64_t seed, std::uint32_t period);

    // Of the packet of this number, from 1 on.
    HoldDecision at(std::uint64_t number) const;
    // Whether packets differ.
    bool is_drawn() const { return !delays_.empty() || !copied_.empty() || !flipped_.empty(); }
    std::uint32_t period() const { return period_; }
    // How many packets of a period the text has a line of.
    std::size_t size() const { return delays_.empty() ? copied_.size() + flipped_.size() : delays_.size(); }
    // A line of each packet to which something is done that is not done to all: its number, and its delay in nanoseconds,
    // "copy", or "bit" and the number of the bit.
    std::string text() const;

  private:
    Nanoseconds delay_{0};  // of all
    std::uint32_t period_ = 1;
    std::vector<Nanoseconds> delays_;    // of each packet of a period, if they differ
    std::vector<std::uint32_t> copied_;  // numbers, ascending
    std::vector<std::pair<std::uint32_t, std::uint32_t>> flipped_;  // numbers, ascending, and their bits
};

}  // namespace netcut
