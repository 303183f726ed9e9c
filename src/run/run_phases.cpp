// SPDX-License-Identifier: Apache-2.0
#include "run/run_phases.h"

#include "run/phase_trigger.h"

namespace netcut {

RunPhases::RunPhases(const RunContext& run, const Fabric& fabric, std::set<std::size_t> awaited,
                     std::function<void(std::size_t node, const PhaseWatch::State&)> on_state)
    : run_(run),
      watch_(run.io, fabric, run.journal.begin(), std::move(awaited),
             PhaseWatch::Observer{
                 [this](std::size_t node, const PhaseInterval& interval) { note(node, interval); },
                 [this](const PhaseWatch::Traffic& traffic) { note(traffic); }, std::move(on_state),
                 [this](std::size_t node, const ConnectionChanges::Told& told) { note(node, told); }}) {}

void RunPhases::note(std::size_t node, const PhaseInterval& interval) {
    run_.journal.add_at(interval.to, event::NodePhase{interval}, {.node = run_.nodes[node]});
}

void RunPhases::note(const PhaseWatch::Traffic& traffic) {
    event::Traffic told{.from_ns = traffic.from, .to_ns = traffic.to};
    for (std::size_t node = 0; node < traffic.bytes.size(); ++node) {
        const auto& [up, down] = traffic.bytes[node];
        if (up + down > 0) told.bytes.push_back({run_.nodes[node], {up, down}});
    }
    run_.journal.add_at(traffic.to, std::move(told));
}

void RunPhases::note(std::size_t node, const ConnectionChanges::Told& told) {
    const auto& [when, news] = told;
    run_.journal.add_at(when, event::ConnectionChanged{news.change, news.socket, news.timers, news.untold},
                        {.node = run_.nodes[node]});
}

std::vector<event::PhaseSeen> RunPhases::now(const std::vector<std::size_t>& nodes) const {
    std::vector<event::PhaseSeen> all;
    const Nanoseconds time = run_.journal.now();
    for (const std::size_t node : nodes) {
        const PhaseNow now = watch_.now(node);
        all.push_back(phase_seen(run_.nodes[node], now.phase, now.since, time, now.sent, now.received));
    }
    return all;
}

}  // namespace netcut
