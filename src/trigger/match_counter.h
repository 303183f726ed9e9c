// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>

#include "base/words.h"

namespace netcut {

// Which of a pattern's matches fire: from the n-th on, at most `times`, and not while the fault is active.
class MatchCounter {
  public:
    MatchCounter(unsigned nth, std::optional<unsigned> times) : nth_(nth), times_(times) {}

    enum class Verdict { too_early, fire, busy, spent };
    Verdict match(bool fault_is_active);
    unsigned matches() const { return matches_; }
    unsigned fired() const { return fired_; }
    bool spent() const { return times_ && fired_ >= *times_; }

  private:
    unsigned nth_;
    std::optional<unsigned> times_;
    unsigned matches_ = 0;
    unsigned fired_ = 0;
};
inline constexpr std::array<EnumWord<MatchCounter::Verdict>, 3> match_words = {{
    {MatchCounter::Verdict::too_early, "counted"},
    {MatchCounter::Verdict::fire, "fires"},
    {MatchCounter::Verdict::busy, "ignored: the fault is active"},
}};
constexpr const auto& words_of(MatchCounter::Verdict) {
    return match_words;
}

}  // namespace netcut
