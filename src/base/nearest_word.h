// SPDX-License-Identifier: Apache-2.0
//
// What somebody who mistyped a word may have meant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace netcut {

// Nearest of `candidates` to a mistyped word (edit distance; of equally near ones, the one that begins as the word does),
// or nothing when none is near.
template <typename Range>
std::optional<std::string> nearest_word(std::string_view word, const Range& candidates);
std::size_t edit_distance(std::string_view a, std::string_view b);

template <typename Range>
std::optional<std::string> nearest_word(std::string_view word, const Range& candidates) {
    std::optional<std::string> best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3);
    std::ptrdiff_t best_beginning = -1;
    for (const auto& candidate : candidates) {
        const std::string_view known = candidate;
        const std::size_t distance = edit_distance(word, known);
        const std::ptrdiff_t beginning =
            std::mismatch(word.begin(), word.end(), known.begin(), known.end()).first - word.begin();
        if (distance > best_distance || (distance == best_distance && beginning <= best_beginning)) continue;
        best_distance = distance;
        best_beginning = beginning;
        best = std::string(known);
    }
    return best;
}

}  // namespace netcut
