// SPDX-License-Identifier: Apache-2.0
//
// Nodes that come and go. The list of who is away when is a pure function of what is given, and becomes faults, one of
// each node with a cycle for each time that it is away: the engine, the record and `verify` know faults alone.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "scenario/scenario.h"
#include "scenario/yaml_section.h"

namespace netcut {

struct Absence {
    std::size_t node = 0;
    Nanoseconds from{0}, to{0};  // since the aggregator's start
};

// Of a checked entry: in the order of the nodes, and of each node one after the other, at least 1 ms apart.
Result<std::vector<Absence>> absences(const Scenario& scenario, const ChurnSpec& spec);

void read_churn(YamlSection& section, Scenario& scenario);
// Reads the files that it names, with the thread's rights (AsUser).
Result<void> read_churn_traces(Scenario& scenario);
// Adds the faults that it comes to, and leaves no churn.
Result<void> make_churn(Scenario& scenario);

}  // namespace netcut
