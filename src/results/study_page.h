// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "results/cells.h"

namespace netcut {

// Numbers of levels, where all of them are numbers of one unit; durations are in seconds.
struct LevelNumbers {
    std::vector<double> numbers;
    std::string unit;  // may be empty
};
std::optional<LevelNumbers> numbers_of_levels(const std::vector<std::string>& levels);

// The page of a study, in the form that html_page() takes, kind "study" (src/page/web/README.md): each cell with how its runs
// ended and its numbers, with 95 % intervals. `facts`: study.json (study/facts.h), or null. Of numbers at most `most_points` of a cell are in it one by one. Pure.
inline constexpr std::size_t most_points = 60;
Json study_page(const ResultSet& results, const Json& facts);

// What a paper has to say of how numbers were made, in sentences.
std::string methods_text(const ResultSet& results, const Json& facts);

}  // namespace netcut
