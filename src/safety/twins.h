// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "record/facts.h"
#include "scenario/scenario.h"

namespace netcut {

// A scenario's twin: the same without its faults, and without what is expected.
Scenario twin_of(Scenario scenario);

// What undisturbed runs of a scenario showed. `tensors`: paths of what they left, if they are to be compared.
TwinFacts twin_facts(const std::vector<Facts>& runs, const Scenario& scenario,
                     std::vector<std::string> tensors);

}  // namespace netcut
