// SPDX-License-Identifier: Apache-2.0
//
// What packets go through that faults hold: pure data for Holder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "fault/plan.h"
#include "fault/queues.h"
#include "hold/hold_queue.h"
#include "hold/hold_spec.h"

namespace netcut {

// Where packets of one mark come from, and what becomes of them.
struct HoldPath {
    int device = 0;
    HoldQueue::Steps steps;
    std::uint32_t mark = 0;  // that they go on with
    // Their priority, by the nodes that they are from and to (of others, a number that no node has); null: they need none.
    std::function<std::uint32_t(std::size_t from, std::size_t to)> priority;
};

struct HoldPlan {
    std::vector<HoldSpec> streams;
    std::map<std::pair<std::size_t, Direction>, std::size_t> numbers;  // of streams, by fault and way
    std::vector<HoldPath> paths;

    static HoldPlan make(const std::vector<FaultPlan>& plans, const QueuePlan& queues);
};

}  // namespace netcut
