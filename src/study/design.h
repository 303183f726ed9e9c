// SPDX-License-Identifier: Apache-2.0
//
// What a study makes: its cells, each a scenario of its own, and how often each is run. As data; a study file or another
// command (matrix) makes it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "base/words.h"
#include "scenario/scenario.h"

namespace netcut {

struct StudyFactor {
    std::string name;
    std::vector<std::string> levels;  // in their order
};

// One combination of levels.
struct StudyCell {
    std::string id;  // "c012", from c001
    std::vector<std::pair<std::string, std::string>>
        factors{};        // name and level, in the order of the factors
    Scenario scenario{};  // checked, but for the seed of a run

    std::string text() const;  // "loss=6%, congestion=reno"
};

// Of several matches in a log, which number is the measure.
enum class MeasureTake { last, first, least, most, mean, sum, count };
inline constexpr std::array<EnumWord<MeasureTake>, 7> measure_take_words = {{
    {MeasureTake::last, "last"},
    {MeasureTake::first, "first"},
    {MeasureTake::least, "least"},
    {MeasureTake::most, "most"},
    {MeasureTake::mean, "mean"},
    {MeasureTake::sum, "sum"},
    {MeasureTake::count, "count"},
}};
constexpr const auto& words_of(MeasureTake) {
    return measure_take_words;
}

// A number of a run that the study asks for: from a log, or of verdict.json.
struct StudyMeasure {
    std::string name;
    std::string node;     // whose log; "all": of every node
    std::string pattern;  // the first group of a regular expression is the number
    std::string verdict;  // instead: the keys that lead to a number, "rounds.longest_s"
    MeasureTake take = MeasureTake::last;
};

// A cell has enough repeats when the interval of the measure's mean is so narrow.
struct StudyUntil {
    std::string measure;
    double share = 0.1;  // half of the interval, as a share of the mean
};

enum class KeepRuns { failed, all, none };
inline constexpr std::array<EnumWord<KeepRuns>, 3> keep_words = {{
    {KeepRuns::failed, "failed"},  // those that were not as expected, crashed, hung, or made no verdict
    {KeepRuns::all, "all"},
    {KeepRuns::none, "none"},
}};
constexpr const auto& words_of(KeepRuns) {
    return keep_words;
}

inline constexpr unsigned most_study_repeats = 1'000;
inline constexpr std::size_t most_study_cells = 100'000;

struct StudyDesign {
    std::string kind = "study";  // in design.json and study.json, for who reads them
    std::string name{};
    std::vector<StudyFactor> factors{};
    std::vector<StudyCell> cells{};
    std::vector<StudyMeasure> measures{};
    std::uint64_t seed = 1;
    unsigned least_repeats = 5, most_repeats = 5;
    std::vector<StudyUntil> until{};         // if empty: each cell has most_repeats
    double confidence = 0.95;                // of these intervals
    std::optional<Nanoseconds> budget{};     // after so long no command begins another run
    std::optional<std::size_t> most_runs{};  // rows of the whole study
    unsigned most_tries = 3;                 // of a run that the machine spoils
    double crowded_above = 0.1;              // share of the run
    KeepRuns keep = KeepRuns::failed;

    // SHA-256 of what rows depend on: cells, measures, seed. Repeats and limits may be changed later.
    std::string digest() const;
};

// The parameter that is the seed of the run, for programs that draw at random.
inline constexpr const char* run_seed_parameter = "run-seed";

struct StudyRunKey {
    std::size_t cell = 0;  // its place in the design
    unsigned repeat = 1;

    bool operator==(const StudyRunKey&) const = default;
};
std::string key_text(const StudyDesign& design, StudyRunKey run);  // "c012-r03"
// Of the study's seed and the key: the same everywhere. Below 2^53, so that every JSON reader keeps it.
std::uint64_t seed_of(const StudyDesign& design, StudyRunKey run);
// All runs that may come, in blocks of one repeat of each cell; the order within a block follows from the study's seed.
std::vector<StudyRunKey> order_of(const StudyDesign& design);
// The cell's scenario with the seed of the run: in every fault with a key `seed` that gives none, and for {run-seed}.
Scenario scenario_of(const StudyDesign& design, StudyRunKey run);

}  // namespace netcut
