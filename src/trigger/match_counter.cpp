// SPDX-License-Identifier: Apache-2.0
#include "trigger/match_counter.h"

namespace netcut {

MatchCounter::Verdict MatchCounter::match(bool fault_is_active) {
    ++matches_;
    if (spent()) return Verdict::spent;
    if (matches_ < nth_) return Verdict::too_early;
    if (fault_is_active) return Verdict::busy;
    ++fired_;
    return Verdict::fire;
}

}  // namespace netcut
