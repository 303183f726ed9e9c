// SPDX-License-Identifier: Apache-2.0
//
// The second word of a run: whether its model is what an undisturbed run would have made. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/words.h"
#include "record/facts.h"
#include "scenario/scenario.h"

namespace netcut {

enum class SafetyWord { as_undisturbed, counted_once, but, unknown };
inline constexpr std::array<EnumWord<SafetyWord>, 4> safety_words = {{
    {SafetyWord::as_undisturbed, "as-undisturbed"},
    {SafetyWord::counted_once, "counted-once"},  // and not compared with an undisturbed run
    {SafetyWord::but, "but"},
    {SafetyWord::unknown, "unknown"},
}};
constexpr const auto& words_of(SafetyWord) {
    return safety_words;
}

// What can be otherwise than in an undisturbed run; docs/safety.md says what each means.
enum class FindingKind {
    not_counted,
    counted_twice,
    counted_in_part,
    counted_undelivered,
    stale,
    samples,
    too_few,
    too_many,
    round_twice,
    rounds_missing,
    digest,
    file,
    tensors,
    metric
};
inline constexpr std::array<EnumWord<FindingKind>, 14> finding_words = {{
    {FindingKind::not_counted, "not-counted"},
    {FindingKind::counted_twice, "counted-twice"},
    {FindingKind::counted_in_part, "counted-in-part"},
    {FindingKind::counted_undelivered, "counted-undelivered"},
    {FindingKind::stale, "stale"},
    {FindingKind::samples, "samples"},
    {FindingKind::too_few, "too-few"},
    {FindingKind::too_many, "too-many"},
    {FindingKind::round_twice, "round-twice"},
    {FindingKind::rounds_missing, "rounds-missing"},
    {FindingKind::digest, "digest"},
    {FindingKind::file, "file"},
    {FindingKind::tensors, "tensors"},
    {FindingKind::metric, "metric"},
}};
constexpr const auto& words_of(FindingKind) {
    return finding_words;
}
// Of the model itself, not of what was counted.
constexpr bool is_of_model(FindingKind kind) {
    return kind == FindingKind::digest || kind == FindingKind::file || kind == FindingKind::tensors ||
           kind == FindingKind::metric;
}

struct Finding {
    FindingKind kind = FindingKind::not_counted;
    std::string round, node;  // empty: of all
    std::string text;
};

// Of one collaborator in one round.
struct SafetyCell {
    std::optional<unsigned> delivered, model_delivered, counted;  // none: it cannot be told
    std::optional<FindingKind> finding;                           // the first
};

struct Safety {
    bool asked = false;    // the scenario says how to tell, or there are twins
    bool decides = false;  // about the exit status
    SafetyWord word = SafetyWord::unknown;
    std::vector<Finding> findings;
    // What was judged: "counted", "delivered", "digest", ...; and what could not be, with the reason.
    std::vector<std::string> judged, unjudged;
    bool counted_is_known = false, model_is_known = false;
    bool only_number_is_known = false;  // of what was counted: no line told whose an update was
    std::vector<std::string> rounds, nodes;
    std::vector<std::vector<SafetyCell>> grid;  // by round, then by node

    // Nothing is known to be otherwise than it should be.
    bool is_good() const { return word == SafetyWord::as_undisturbed || word == SafetyWord::counted_once; }

    // "as undisturbed (counted, digest)", "but: round 2 went on without collaborator3 (delivered, not counted); ..."
    std::string text() const;
};

Safety judge_safety(const Facts& facts, const Scenario& scenario);

}  // namespace netcut
