// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "fault/plan.h"
#include "scenario/scenario.h"

namespace netcut {

// Whether some trace of a link has delay or loss, which are done by holding its packets.
bool any_link_holds(const Scenario& scenario);
// How that is done: at most a plan for each direction, of all nodes together. They belong to no fault. Of a checked scenario.
Result<std::vector<FaultPlan>> link_holds(const Scenario& scenario);

}  // namespace netcut
