// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "folder/folder.h"
#include "record/event.h"
#include "record/run_state.h"
#include "scenario/scenario.h"
#include "verify/captures.h"
#include "verify/verify.h"

namespace netcut {

// Whether what the journal says of updates and of the model follows from what the nodes have printed and left.
Check check_safety(const RunFolder& folder, const std::vector<Event>& events, const Scenario& scenario);

// Whether what it says of deliveries follows from the packets that were captured.
void check_deliveries(const Captures& captures, const std::vector<Event>& events, const RunState& state,
                      const Scenario& scenario, Check& check);

}  // namespace netcut
