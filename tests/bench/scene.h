// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include "base/time.h"
#include "bench/require.h"
#include "bench/traffic.h"
#include "fabric/fabric.h"
#include "fault/fault.h"
#include "fault/plan.h"
#include "fault/table.h"

namespace netcut::bench {

inline std::vector<std::string> node_names(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("node{}", i));
    return names;
}

inline constexpr std::size_t victim = 1;  // the node that is cut off

// What product and floor share: two nodes, the table that cuts fire into, and traffic to be lost.
struct Scene {
    explicit Scene(Nanoseconds cut_duration) : plan{cut_plan(cut_duration)} {}

    FaultPlan plan;
    Fabric fabric = must(Fabric::build({}, {"aggregator", "collaborator1"}));
    FaultTable table = must(FaultTable::lay(fabric, {plan}));
    Traffic traffic{fabric.node(victim).ns.fd(), fabric.node(0).ns.fd()};

    static FaultPlan cut_plan(Nanoseconds duration) {
        FaultPlan plan;
        plan.nodes = {victim};
        plan.duration = duration;
        return plan;
    }
    Fault prepare_cut() { return must(Fault::prepare(fabric, table, 0)); }
};

}  // namespace netcut::bench
