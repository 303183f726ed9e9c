// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "results/comparison.h"

namespace netcut {

// One sentence: "2 regressions and 1 improvement in 20 cells".
std::string headline_of(const Comparison& comparison);

// For people: each change, what may be one, and how it was tested.
std::string text_of(const Comparison& comparison);

// What `compare --json` prints, and html_page() takes as the kind "comparison"; docs/compare.md describes it. Of more than
// `most_differences` that were looked at, the first ones: changes stand before all others.
inline constexpr std::size_t most_differences = 5'000;
Json json_of(const Comparison& comparison);

}  // namespace netcut
