// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "scenario/scenario.h"

namespace netcut {

// A moment in each phase of a node's work (docs/phases.md), by its name: what can be asked of any federation.
std::vector<ExperimentSpec> phase_experiments();

}  // namespace netcut
