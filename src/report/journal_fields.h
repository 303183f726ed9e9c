// SPDX-License-Identifier: Apache-2.0
//
// Fields of a journal's lines. What is not as it must be throws std::invalid_argument, or what nlohmann-json
// throws.
#pragma once

#include <stdexcept>

#include "netcut/run.h"

namespace netcut {

// No run lasts as long, and sums of some of these still have room.
inline Nanoseconds time_field(const Json& value) {
    constexpr std::int64_t most = 1'000'000'000'000'000'000;
    const auto count = value.get<std::int64_t>();
    if (count > most || count < -most) throw std::invalid_argument(value.dump() + " is no time of a run");
    return Nanoseconds(count);
}

// Since the epoch: until 2116.
inline Nanoseconds realtime_field(const Json& value) {
    constexpr std::int64_t most = 4'600'000'000'000'000'000;
    const auto count = value.get<std::int64_t>();
    if (count < 0 || count > most) throw std::invalid_argument(value.dump() + " is no time");
    return Nanoseconds(count);
}

inline Nanoseconds microseconds_field(const Json& value) {
    constexpr double most = 1e15;
    const auto count = value.get<double>();
    if (!(count >= 0 && count < most)) throw std::invalid_argument(value.dump() + " is no duration");
    return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double, std::micro>(count));
}

inline Losses losses_field(const Json& value) {
    Losses losses{value.at("router_up").get<std::uint64_t>(),
                  value.at("router_down").get<std::uint64_t>(),
                  value.at("unsendable_at_node").get<std::uint64_t>(),
                  {}};
    if (value.contains("offered_up"))
        losses.offered = {value.at("offered_up").get<std::uint64_t>(),
                          value.at("offered_down").get<std::uint64_t>()};
    return losses;
}

}  // namespace netcut
