// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "folder/folder.h"
#include "record/event.h"
#include "record/run_state.h"
#include "scenario/scenario.h"
#include "verify/verify.h"

namespace netcut {

// Whether the captures of the run have just the packets that the journal tells of.
Check check_captures(const RunFolder& folder, const std::vector<Event>& events, const RunState& state,
                     const Scenario& scenario);

}  // namespace netcut
