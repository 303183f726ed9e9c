// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "record/event.h"
#include "record/run_state.h"
#include "scenario/scenario.h"
#include "verify/verify.h"

namespace netcut {

// Whether lines, times, states, firings and heals follow each other as they must, see docs/evidence.md. Returns what
// the run has come to by them.
RunState check_journal(const std::vector<Event>& events, const Scenario& scenario, Check& check);

}  // namespace netcut
