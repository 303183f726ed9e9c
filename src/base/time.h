// SPDX-License-Identifier: Apache-2.0
//
// Clocks and durations, and how they are written.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"

namespace netcut {

using Nanoseconds = std::chrono::nanoseconds;
using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC on Linux

inline double seconds(Nanoseconds value) {
    return std::chrono::duration<double>(value).count();
}

// "2026-03-01T12:00:00.123Z", UTC.
std::string wall_time_text(std::chrono::system_clock::time_point when);

// "20s", "1.5m", "250ms", "10us", "1h", "20 s", "1min"; a number without a unit is refused, but "0".
Result<Nanoseconds> parse_duration(std::string_view text);
// The shortest of these forms that says the same: "20s", "1.5s", "250ms".
std::string duration_text(Nanoseconds value);

}  // namespace netcut
