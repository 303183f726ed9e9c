// SPDX-License-Identifier: Apache-2.0
//
// What events say, and what the scenario says of the same nodes and faults.
#include <algorithm>

#include "fault/plan.h"
#include "record/facts.h"
#include "record/run_state.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "scenario/site.h"

namespace netcut {
namespace {

FaultOutcome outcome_of(const Firing& firing, const FaultSpec& spec, const Scenario& scenario) {
    FaultOutcome outcome;
    outcome.fault = spec.name;
    outcome.kind = spec.kind;
    if (const auto plan = plan_of(scenario, spec)) {
        outcome.queued = plan->queues() || plan->waits();
        if (const Lose* list = std::get_if<Lose>(&plan->action)) outcome.list_period = list->period;
        outcome.renumbered = plan->plug.changes_identity(scenario.fabric) ||
                             (plan->site && plan->site->forgets.value_or(Rebirth::same) != Rebirth::same);
    }
    if (firing.flap) {
        outcome.cycle = firing.flap->cycle;
        outcome.cycles = firing.flap->of;
    }
    outcome.fired = firing.fired;
    outcome.healed = firing.healed;
    outcome.trigger_node = firing.trigger.node;
    outcome.trigger_line = firing.trigger.line;
    outcome.missed = firing.missed;
    outcome.losses = firing.losses;
    outcome.recovery = firing.recovery;
    outcome.pauses = firing.pauses;
    outcome.carried = firing.carried;
    return outcome;
}

}  // namespace

// In the order of their times; of equal ones, in that of the scenario.
std::vector<FaultOutcome> RunState::outcomes(const Scenario& scenario) const {
    std::map<std::string, std::vector<const Firing*>> by_fault;
    for (const Firing& firing : firings_) by_fault[firing.fault].push_back(&firing);
    std::vector<FaultOutcome> all;
    for (const FaultSpec& spec : scenario.faults)
        for (const Firing* firing : by_fault[spec.name]) all.push_back(outcome_of(*firing, spec, scenario));
    std::stable_sort(all.begin(), all.end(),
                     [](const FaultOutcome& a, const FaultOutcome& b) { return a.fired < b.fired; });
    return all;
}

Facts RunState::facts(const Scenario& scenario) const {
    Facts facts;
    if (stopping_) {
        facts.end = stopping_->end;
        facts.signal = stopping_->signal;
    }
    if (error_) {
        facts.end = EndReason::failed;
        facts.error = *error_;
    }
    facts.faults_asked = scenario.faults.size();
    facts.waited_for_progress = scenario.hang_after;
    for (const std::string& name : node_names(scenario)) {
        const NodeState* known = node(name);
        if (known != nullptr)
            facts.nodes.push_back(known->outcome);
        else
            facts.nodes.emplace_back().name = name;
    }
    facts.relayed = relayed_nodes(scenario);
    facts.preparing = !facts.nodes.front().started && !scenario.prepare.empty();
    for (const FaultSpec& spec : scenario.faults) {
        const FaultState known = fault(spec.name) != nullptr ? *fault(spec.name) : FaultState{};
        if (known.firings == 0)
            facts.unfired.push_back(
                {spec.name, known.delayed && spec.trigger.delay.count() > 0, known.ever_armed, known.missed});
    }
    facts.outcomes = outcomes(scenario);
    facts.rounds = rounds_.times(facts.nodes, scenario.progress_marks);
    facts.half_open = half_open_;
    facts.addresses = addresses_;
    facts.former_addresses = former_addresses_;
    facts.link_addresses = link_addresses_;
    facts.waits = waits_;
    facts.proof = proof_;
    facts.looked_at = looked_at_;
    facts.tcp_options = tcp_options_;
    facts.tcp_unset = tcp_unset_;
    facts.stacks = stacks_;
    facts.log_values = log_values_;
    facts.safety = safety_;
    return facts;
}

}  // namespace netcut
