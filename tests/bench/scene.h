// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/require.h"
#include "bench/traffic.h"
#include "netcut/fault.h"

namespace netcut::bench {

inline constexpr std::size_t victim = 1;  // the node that is cut off

// What product and floor share: two nodes, the table that cuts fire into, and traffic to be lost.
struct Scene {
    Fabric fabric = must(Fabric::build({}, {"aggregator", "collaborator1"}));
    FaultTable table = must(FaultTable::lay(fabric, {victim}));
    Traffic traffic{fabric.node(victim).ns.fd(), fabric.node(0).ns.fd()};

    Cut prepare_cut(Nanoseconds duration) {
        CutOptions options;
        options.nodes = {victim};
        options.duration = duration;
        return must(Cut::prepare(fabric, table, options));
    }
    std::uint32_t port_index() const { return static_cast<std::uint32_t>(fabric.node(victim).port.index); }
};

}  // namespace netcut::bench
