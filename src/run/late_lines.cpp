// SPDX-License-Identifier: Apache-2.0
#include "run/late_lines.h"

#include <algorithm>

namespace netcut {
namespace {

constexpr auto gap = std::chrono::milliseconds(200);         // ends a burst
constexpr auto at_the_end = std::chrono::milliseconds(500);  // before the node's own end
constexpr auto shortest_work = std::chrono::seconds(1);      // before the burst
constexpr std::uint64_t fewest_lines = 10;

}  // namespace

void LateLines::take(std::string_view bytes, Nanoseconds t) {
    if (lines_.all == 0 || t - last_ > gap) {
        burst_began_ = t;
        lines_.late = 0;
    }
    last_ = t;
    const auto count = static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    lines_.late += count;
    lines_.all += count;
}

std::optional<LineBurst> LateLines::at_end(Nanoseconds t) const {
    const bool is_telling = lines_.late >= fewest_lines && 2 * lines_.late > lines_.all;
    if (!is_telling || t - burst_began_ > at_the_end || burst_began_ - started_ < shortest_work) return {};
    return lines_;
}

}  // namespace netcut
