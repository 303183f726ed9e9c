// SPDX-License-Identifier: Apache-2.0
#include "run/hang_watch.h"

#include <algorithm>

#include "scenario/site.h"
#include "why/hang_state.h"

namespace netcut {

HangWatch::HangWatch(const RunContext& run, const RunState& record, Observer observer)
    : run_(run),
      record_(record),
      observer_(std::move(observer)),
      relayed_(relayed_nodes(run.scenario)),
      watch_(run.timers, run.nodes, run.journal.begin(),
             {observer_.may_hang, observer_.runs, observer_.read,
              [this](const WaitsByNode& waits) { on_at_rest(waits); }, run.fail}),
      known_(run.timers, run.scenario.known_hangs, run.scenario.hang_after,
             {observer_.last_progress, observer_.may_hang, [this] { return watch_.glance(); },
              [this](const WaitsByNode& waits) { return state_of(waits); },
              [this](const WaitsByNode& waits, Nanoseconds in_state) { on_known(waits, in_state); },
              run.fail}) {}

std::string HangWatch::state_of(const WaitsByNode& waits) const {
    return hang_state(record_.addresses(), relayed_, waits);
}

void HangWatch::restart() {
    watch_.restart();
    known_.restart();
}

void HangWatch::stop() {
    watch_.stop();
    known_.stop();
}

// Something may have come between the looks and now.
void HangWatch::on_at_rest(const WaitsByNode& waits) {
    if (!observer_.may_hang()) return;
    const auto begun = run_.timers.now();
    if (!hindrances_of(record_, run_.scenario, waits).empty()) return;
    note(waits, {.proof = Proof::certain}, {}, begun);
    observer_.hangs();
}

void HangWatch::on_known(const WaitsByNode& waits, Nanoseconds in_state) {
    const auto begun = run_.timers.now();
    auto hindrances = hindrances_of(record_, run_.scenario, waits);
    note(waits, {.proof = Proof::known, .in_state_ns = in_state}, std::move(hindrances), begun);
    observer_.hangs();
}

void HangWatch::note(const WaitsByNode& waits, event::RunProof proof, std::vector<Hindrance> hindrances,
                     Clock::time_point begun) {
    constexpr std::size_t most_hindrances = 64;
    for (const auto& [node, facts] : waits) run_.journal.add(event::NodeWaiting{facts}, {.node = node});
    proof.state = state_of(waits);
    proof.more_hindrances = hindrances.size() - std::min(hindrances.size(), most_hindrances);
    hindrances.resize(std::min(hindrances.size(), most_hindrances));
    proof.hindrances = std::move(hindrances);
    proof.took_ms = std::chrono::duration<double, std::milli>(run_.timers.now() - begun).count();
    run_.journal.add(std::move(proof));
}

bool HangWatch::any_starves() {
    const auto starves = watch_.any_starves();
    return starves && *starves;
}

Result<void> HangWatch::look(bool attended) {
    if (record_.proof()) return {};
    const auto begun = run_.timers.now();
    NETCUT_ASSIGN(const auto waits, watch_.look());
    auto hindrances = hindrances_of(record_, run_.scenario, waits);
    if (attended) hindrances.push_back({HindranceKind::attended});
    const Proof proof = hindrances.empty() ? Proof::certain : Proof::waited;
    note(waits, {.proof = proof}, std::move(hindrances), begun);
    return {};
}

}  // namespace netcut
