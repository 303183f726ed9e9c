// SPDX-License-Identifier: Apache-2.0
//
// Two sets of results: what changed, and whether it is more than chance. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/words.h"
#include "results/cells.h"
#include "statistics/interval.h"

namespace netcut {

struct CompareOptions {
    // With which confidence all that is called a change is one, together: of a hundred pairs of results of the same thing, one
    // or fewer shows a change.
    double confidence = 0.99;
    double least_change = 0.05;  // of a median, as a share: a smaller one is not called a change
    // Of measures that people have named: what direction is worse. Of the built-in ones it is known.
    std::vector<std::string> more_is_worse, less_is_worse;
    std::uint64_t seed = 1;  // of the bootstrap
};

enum class ChangeKind { regression, improvement, other };
inline constexpr std::array<EnumWord<ChangeKind>, 3> change_words = {{
    {ChangeKind::regression, "regression"},
    {ChangeKind::improvement, "improvement"},
    {ChangeKind::other, "other"},  // neither of the two is better
}};
constexpr const auto& words_of(ChangeKind) {
    return change_words;
}

// One thing of one cell, before and now.
struct Difference {
    static constexpr const char* outcome = "outcome";  // the measure of how runs ended

    std::vector<std::string> levels;
    std::string measure = outcome;
    ChangeKind kind = ChangeKind::other;  // the way it differs
    double p = 1, corrected_p = 1;        // corrected: for all that were looked at
    // Of the outcome, if p is not of failures alone: whether another share has failed. A change that is not one of failures is
    // neither for the better nor for the worse.
    std::optional<double> p_failed{}, corrected_p_failed{};
    bool proved = false;  // more than chance, and large enough
    // Not proved, and so different that more repeats are worth their time: all ended otherwise, or p is small.
    bool suspected = false;
    std::map<std::string, std::size_t> outcomes_before, outcomes_now;  // of the outcome
    std::size_t values_before = 0, values_now = 0;                     // of another measure, and the medians
    double median_before = 0, median_now = 0;
    Interval ratio;  // of the medians, with 95 % confidence
};

struct Comparison {
    // Of a side: its title, rows, cells and what the machine spoiled.
    struct Side {
        std::string title, path;
        std::size_t rows = 0, cells = 0, left_out = 0;
    };
    Side before, now;
    CompareOptions options;
    std::vector<std::string> factors;
    std::vector<Difference> differences;             // all that were looked at; regressions first, then by p
    std::vector<std::string> only_before, only_now;  // cells that the other does not have
    std::size_t cells = 0;                           // that both have
    std::size_t tests = 0;
    std::size_t runs_to_prove = 0;  // of a cell, on each side, for a change of all outcomes to be proved here

    std::size_t count(ChangeKind kind) const;  // of proved ones
    int exit_status() const;                   // 1: there is a regression
};

// Both have the same factors, in any order.
Result<Comparison> compare_results(const ResultSet& before, const ResultSet& now,
                                   const CompareOptions& options);

}  // namespace netcut
