// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/require.h"
#include "bench/scene.h"
#include "fault/fault.h"
#include "fault/plan.h"
#include "fault/table.h"
#include "hold/hold_list.h"
#include "link/queue.h"

namespace netcut::bench {

inline constexpr auto held_for = std::chrono::milliseconds(1);

inline QueueSpec held_spec() {
    QueueSpec spec;
    spec.delay = held_for;
    return spec;
}
inline PacketAction held_by_us() {
    Hold hold;
    hold.up.list = hold.down.list = must(HoldList::make(held_spec(), 0, 1));
    return hold;
}
inline PacketAction held_by_netem() {
    return Queue{held_spec()};
}

// A network in which packets are held, each way.
struct Held {
    explicit Held(PacketAction action)
        : fabric(must(Fabric::build({}, {"aggregator", "collaborator1"}))),
          table(must(FaultTable::lay(fabric, {plan_of(std::move(action))}))),
          fault(must(Fault::prepare(fabric, table, 0))) {
        must(fault.fire());
    }
    static FaultPlan plan_of(PacketAction action) {
        FaultPlan plan = Scene::cut_plan(std::chrono::hours(1));
        plan.action = std::move(action);
        return plan;
    }

    Fabric fabric;
    FaultTable table;
    Fault fault;
};

}  // namespace netcut::bench
