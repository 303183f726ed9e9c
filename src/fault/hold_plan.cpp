// SPDX-License-Identifier: Apache-2.0
#include "fault/hold_plan.h"

#include <algorithm>

#include "fault/lanes.h"

namespace netcut {
namespace {

bool has_lanes(const std::vector<FaultPlan>& plans, const QueueSteps& set) {
    return !in_kernel(set).empty() && !lanes_of(plans, in_kernel(set)).empty();
}

}  // namespace

HoldPlan HoldPlan::make(const std::vector<FaultPlan>& plans, const QueuePlan& queues) {
    HoldPlan plan;
    for (std::size_t number = 0; number < plans.size(); ++number) {
        const Hold* hold = std::get_if<Hold>(&plans[number].action);
        if (hold == nullptr) continue;
        for (const auto& [way, spec] :
             {std::pair(Direction::up, &hold->up), std::pair(Direction::down, &hold->down)}) {
            plan.numbers[{number, way}] = plan.streams.size();
            plan.streams.push_back(*spec);
        }
    }
    for (std::size_t i = 0; i < queues.sets().size(); ++i) {
        const QueueSteps& set = queues.sets()[i];
        if (!is_held(set)) continue;
        HoldPath path{.device = queue_device(i), .steps = {}, .mark = 0, .priority = {}};
        QueueSteps rest = set;
        std::erase_if(rest, [](const QueueStep& step) { return step.way != Direction::both; });
        path.mark = queues.mark_of(rest);
        for (const QueueStep& step : set)
            if (step.way != Direction::both) path.steps.push_back(plan.numbers.at({step.fault, step.way}));
        if (has_lanes(plans, set))
            path.priority = [plans, faults = in_kernel(set)](std::size_t from, std::size_t to) {
                return lane_priority_of(plans, faults, from, to);
            };
        plan.paths.push_back(std::move(path));
    }
    return plan;
}

}  // namespace netcut
