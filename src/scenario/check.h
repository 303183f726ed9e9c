// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "scenario/scenario.h"

namespace netcut {

// Fills in what is left open (names of faults, who is cut) and refuses what cannot be.
Result<void> check(Scenario& scenario);

// Whether a word of commands, environments, folders or stages stands for this parameter.
bool uses_parameter(const Scenario& scenario, const std::string& name);

}  // namespace netcut
