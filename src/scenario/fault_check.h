// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "netcut/scenario.h"

namespace netcut {

Result<void> check_node(const Scenario& scenario, const std::string& name, const std::string& use);
// Fills in names, nodes and what is watched, and refuses what no fault can do.
Result<void> check_faults(Scenario& scenario);

}  // namespace netcut
