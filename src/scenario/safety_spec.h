// SPDX-License-Identifier: Apache-2.0
//
// How a run shall be asked whether its model is right: what the application says of whose updates it counted, what
// became of the model, and what undisturbed runs of the same scenario, its twins, showed. Data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/words.h"

namespace netcut {

// What a log line tells of updates.
enum class CountedKind { planned, begun, averaged, total, refused, late, done };
inline constexpr std::array<EnumWord<CountedKind>, 7> counted_kind_words = {{
    {CountedKind::planned, "planned"},
    {CountedKind::begun, "begun"},
    {CountedKind::averaged, "averaged"},
    {CountedKind::total, "total"},
    {CountedKind::refused, "refused"},
    {CountedKind::late, "late"},
    {CountedKind::done, "done"},
}};
constexpr const auto& words_of(CountedKind) {
    return counted_kind_words;
}

// The names that groups of such a pattern may have, (?P<round>...).
inline constexpr std::array<const char*, 10> counted_groups = {
    "round", "node", "samples", "results", "failures", "wanted", "received", "whole", "base", "rounds"};

struct CountedSpec {
    std::string node;       // whose log; empty: the aggregator's
    std::string name;       // what the application calls a collaborator; empty: {name}
    bool everyone = false;  // each collaborator is to be counted in each round; else as in the twins
    bool keyed =
        false;  // it keeps one update of each collaborator in a round: a line that comes again is of the same
    std::map<CountedKind, std::vector<std::string>> patterns;

    bool any() const { return !patterns.empty(); }
};

struct ModelSpec {
    std::string node;              // whose log; empty: the aggregator's
    std::string digest, metric;    // patterns, with the value as first group; empty: nothing tells it
    std::optional<double> band;    // how much further than the twins' the metric may be
    std::string file;              // empty: there is none; compared by its SHA-256
    std::string tensors;           // a file, whose tensors are compared with those of the twins
    std::optional<double> within;  // how much a value in them may differ
    bool deterministic = false;    // undisturbed runs give the same bits

    bool any() const { return !(digest + metric + file + tensors).empty(); }
};

// What undisturbed runs of the same scenario showed. By round: rounds are counted from 0 where the wire tells them.
struct TwinFacts {
    using Range = std::pair<std::uint64_t, std::uint64_t>;  // least, most
    std::string folder;                                     // which has them, each in runs/
    unsigned count = 0;
    unsigned rounds = 0;                                      // finished, by each of them
    std::vector<std::string> digests, files, metrics;         // of each one
    std::vector<std::string> tensors;                         // paths of what they left
    std::map<std::string, std::vector<std::string>> members;  // by round: who was counted, if they agree
    std::map<std::string, Range> results;                     // by round: how many updates
    std::map<std::string, std::uint64_t> samples;             // by node, if always the same
    std::map<std::string, std::vector<Range>> updates,
        models;  // by node: bytes on the wire up and down, each round

    bool any() const { return count > 0; }
    bool operator==(const TwinFacts&) const = default;
};

}  // namespace netcut
