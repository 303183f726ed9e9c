// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "base/words.h"

namespace netcut {

// What a run is found to be; docs/journal.md says when.
enum class Judgement { recovered, crashed, hung, left, undisturbed, not_triggered, error };
inline constexpr std::array<EnumWord<Judgement>, 7> judgement_words = {{
    {Judgement::recovered, "recovered"},
    {Judgement::crashed, "crashed"},
    {Judgement::hung, "hung"},
    {Judgement::left, "left"},
    {Judgement::undisturbed, "undisturbed"},
    {Judgement::not_triggered, "not-triggered"},
    {Judgement::error, "error"},
}};
constexpr const auto& words_of(Judgement) {
    return judgement_words;
}
// Among many runs, one that has recovered from faults that met no packet proves nothing, and is called so.
inline constexpr const char* not_noticed = "not noticed";

}  // namespace netcut
