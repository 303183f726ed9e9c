// SPDX-License-Identifier: Apache-2.0
//
// What the nodes do goes into the journal, and to the faults that wait for it.
#include "base/time.h"
#include "phase/phase.h"
#include "record/event.h"
#include "run/engine.h"
#include "run/engine_impl.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"

namespace netcut {

void Engine::Impl::make_phase_triggers() {
    for (const auto& runner : faults_) {
        const FaultTrigger& trigger = runner->spec().trigger;
        if (trigger.kind != FaultTrigger::Kind::phase) continue;
        phase_triggers_.push_back(std::make_unique<PhaseTrigger>(
            io_, *journal_, *table_, *runner, node_index(scenario_, trigger.node).value()));
    }
}

void Engine::Impl::start_phase_watch() {
    std::set<std::size_t> watched;
    for (const auto& trigger : phase_triggers_) watched.insert(trigger->node());
    phases_.emplace(
        io_, *fabric_, journal_->begin(), std::move(watched),
        PhaseWatch::Observer{
            [this](std::size_t node, const PhaseInterval& interval) { journal_phase(node, interval); },
            [this](const PhaseWatch::Traffic& traffic) { journal_traffic(traffic); },
            [this](std::size_t node, const PhaseWatch::State& state) {
                if (course_.phase() != RunPhase::running) return;
                for (const auto& trigger : phase_triggers_)
                    if (trigger->node() == node) trigger->on_state(state);
            }});
    if (auto started = phases_->start(); !started) return fail(std::move(started).error());
    for (const auto& actor : actors_)
        if (actor->node->running()) phases_->node_runs(actor->index, actor->node->pid());
    for (const auto& trigger : phase_triggers_) trigger->begin();
}

void Engine::Impl::journal_phase(std::size_t node, const PhaseInterval& interval) {
    journal_->add_at(interval.to, event::NodePhase{interval}, {.node = fabric_->node(node).name});
}

void Engine::Impl::journal_traffic(const PhaseWatch::Traffic& traffic) {
    event::Traffic told{.from_ns = traffic.from, .to_ns = traffic.to};
    for (std::size_t node = 0; node < traffic.bytes.size(); ++node) {
        const auto& [up, down] = traffic.bytes[node];
        if (up + down > 0) told.bytes.push_back({fabric_->node(node).name, {up, down}});
    }
    journal_->add_at(traffic.to, std::move(told));
}

std::vector<event::PhaseSeen> Engine::Impl::phases_of(const std::vector<std::size_t>& nodes) const {
    std::vector<event::PhaseSeen> all;
    if (!phases_) return all;
    const Nanoseconds time = journal_->now();
    for (const std::size_t node : nodes) {
        const PhaseNow now = phases_->now(node);
        all.push_back(
            phase_seen(fabric_->node(node).name, now.phase, now.since, time, now.sent, now.received));
    }
    return all;
}

}  // namespace netcut
