// SPDX-License-Identifier: Apache-2.0
//
// Where a replay differs from the run that was recorded. Pure.
#pragma once

#include <string>
#include <vector>

#include "record/event.h"

namespace netcut {

// Where two journals of the same scenario go apart, in words, the first difference first; empty: nowhere.
// Times are not compared: what fired, in which order, on which packet or line, what was lost to exact faults,
// how nodes ended and what the verdict was.
struct Divergence {
    std::string what;      // "fault cut 1: data packets sent before it"
    std::string recorded;  // "12"
    std::string replayed;  // "13"
};
std::vector<Divergence> compare_runs(const std::vector<Event>& recorded, const std::vector<Event>& replayed);

}  // namespace netcut
