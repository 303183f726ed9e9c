// SPDX-License-Identifier: Apache-2.0
//
// Between which bounds a quantity of all runs lies, from the few that were made. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace netcut {

struct Interval {
    double least = 0, most = 0;

    bool operator==(const Interval&) const = default;
};

// In all of these `confidence` is above 0 and below 1: 0.95.

// The share of all runs that are hits, when `hits` of `runs` were: Wilson's interval (E. B. Wilson, JASA 22, 1927).
// `runs` is not 0.
Interval share_interval(std::size_t hits, std::size_t runs, double confidence);

// The mean, by Student's t. Of one value it is that value and all others: minus to plus infinity. `values` is not empty.
Interval mean_interval(const std::vector<double>& values, double confidence);

// The median, by the percentiles of `median_resamples` bootstrap samples (B. Efron, 1979), which `seed` decides. Of fewer than
// about eight values a bootstrap is narrower than its confidence says; who needs it to be right uses more.
// `values` is not empty.
inline constexpr std::size_t median_resamples = 2'000;
Interval median_interval(const std::vector<double>& values, double confidence, std::uint64_t seed);

// What `now`'s median is of `before`'s, as a factor; likewise. Neither is empty. Samples with a median of 0 before are
// left out; if all are, it is 0 to infinity.
Interval median_ratio_interval(const std::vector<double>& before, const std::vector<double>& now,
                               double confidence, std::uint64_t seed);

}  // namespace netcut
