// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "netcut/scenario.h"

namespace netcut {

// Points at the key, or at the fault if the key was not given.
Failure fault_failure(const FaultSpec& fault, const char* key, const std::string& why,
                      const std::string& hint = {});

Result<void> check_node(const Scenario& scenario, const std::string& name, const std::string& use);
// Fills in names, nodes and what is watched, and refuses what no fault can do.
Result<void> check_faults(Scenario& scenario);
// Refuses faults that can never begin because of each other, and those that contradict each other.
Result<void> check_order(const Scenario& scenario);

}  // namespace netcut
