// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace netcut {

inline constexpr int distribution_scale = 8192;  // NETEM_DIST_SCALE: so much is one jitter

// The inverse of a distribution's cumulative function, in equal steps of the share, as netem wants it. Empty for "" and
// "uniform", which need none, and for what is unknown.
std::vector<std::int16_t> distribution_table(std::string_view name);

}  // namespace netcut
