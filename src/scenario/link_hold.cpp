// SPDX-License-Identifier: Apache-2.0
#include "scenario/link_hold.h"

#include <algorithm>

#include "scenario/link.h"

namespace netcut {

bool any_link_holds(const Scenario& scenario) {
    return std::any_of(scenario.traces.begin(), scenario.traces.end(), [](const auto& file) {
        return file.second.trace && (file.second.trace->has_delay() || file.second.trace->has_loss());
    });
}

Result<std::vector<FaultPlan>> link_holds(const Scenario& scenario) {
    std::vector<FaultPlan> plans;
    if (!any_link_holds(scenario)) return plans;
    for (const Direction way : {Direction::up, Direction::down}) {
        FaultPlan plan;
        plan.filter.direction = way;
        Hold hold;
        HoldSpec& spec = way == Direction::up ? hold.up : hold.down;
        spec.by_receiver = way == Direction::down;
        for (std::size_t node = 0; node <= scenario.collaborators; ++node) {
            NETCUT_ASSIGN(const LinkPlan link, link_plan(scenario, node));
            const auto& side = way == Direction::up ? link.up : link.down;
            if (!side || !side->holds()) continue;
            plan.nodes.push_back(node);
            spec.links[node] = {side->play, side->losses};
        }
        plan.action = std::move(hold);
        if (!plan.nodes.empty()) plans.push_back(std::move(plan));
    }
    return plans;
}

}  // namespace netcut
