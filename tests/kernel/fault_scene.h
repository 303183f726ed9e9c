// SPDX-License-Identifier: Apache-2.0
//
// A fabric of an aggregator and two collaborators with faults laid, for the kernel tests.
#pragma once

#include "fabric/fabric.h"
#include "fabric/options.h"
#include "fault/fault.h"
#include "fault/plan.h"
#include "fault/table.h"
#include "kernel/each_fabric.h"

namespace netcut::test {

struct FaultScene {
    Fabric fabric;
    FaultTable table;
    std::vector<Fault> faults;

    FaultScene(const FabricOptions& options, std::vector<FaultPlan> plans, std::size_t collaborators = 2,
               std::optional<std::uint32_t> logged_losses = {})
        : fabric(must(Fabric::build(options, names(collaborators)))),
          table(must(FaultTable::lay(fabric, std::move(plans), logged_losses))) {
        for (std::size_t number = 0; number < table.plans().size(); ++number)
            faults.push_back(must(Fault::prepare(fabric, table, number)));
    }
    Fault& fault(std::size_t number = 0) { return faults[number]; }
};

}  // namespace netcut::test
