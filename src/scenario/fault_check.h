// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"

namespace netcut {

class Mistakes;
struct Reading;

// Points at the key, or at the fault if the key was not given.
Failure fault_failure(const FaultSpec& fault, const char* key, const std::string& why,
                      const std::string& hint = {}, Mistake mistake = Mistake::value);
Failure fault_failure(const FaultSpec& fault, const char* key, const Error& error);

// "all" and "collaborators" become the names that they stand for.
WordList expanded_nodes(const Scenario& scenario, const WordList& names);
// Each is one of the nodes, and named once.
Result<void> check_node_names(const Scenario& scenario, const FaultSpec& fault, const char* key,
                              const WordList& names);
Result<void> check_node(const Scenario& scenario, const std::string& name, const std::string& use);
// Fills in names, nodes and what is watched, and finds what no fault can do.
void check_faults(Scenario& scenario, const Reading& reading, Mistakes& mistakes);
Result<void> check_trigger(const Scenario& scenario, FaultSpec& fault);  // triggers.cpp
// Refuses faults that can never begin because of each other, and those that contradict each other.
Result<void> check_order(const Scenario& scenario);

}  // namespace netcut
