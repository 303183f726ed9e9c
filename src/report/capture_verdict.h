// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "record/event.h"
#include "record/run_state.h"
#include "report/verify.h"
#include "run/folder.h"
#include "scenario/scenario.h"

namespace netcut {

// Whether the captures of the run have just the packets that the journal tells of.
Check check_captures(const RunFolder& folder, const std::vector<Event>& events, const RunState& state,
                     const Scenario& scenario);

}  // namespace netcut
