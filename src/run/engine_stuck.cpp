// SPDX-License-Identifier: Apache-2.0
//
// A run that can never go on ends at once; of one that is given up the record has what it waited for.
#include <algorithm>

#include "base/error.h"
#include "base/time.h"
#include "node/node.h"
#include "record/event.h"
#include "run/engine.h"
#include "run/engine_impl.h"
#include "why/hang_state.h"

namespace netcut {
namespace {

// What was printed may be the beginning of more.
constexpr Nanoseconds silence = std::chrono::milliseconds(250);
constexpr std::size_t most_hindrances = 64;

}  // namespace

void Engine::Impl::before_collaborators() {
    start_phase_watch();
    start_stuck_watch();
}

void Engine::Impl::hang_is_looked_for() {
    if (stuck_) stuck_->restart();
    if (known_hang_) known_hang_->restart();
}

void Engine::Impl::start_stuck_watch() {
    stuck_.emplace(io_, *fabric_, *sockets_, journal_->begin(),
                   StuckWatch::Observer{[this] { return may_be_stuck(); },
                                        [this](std::size_t node) {
                                            const Node& one = *actors_[node]->node;
                                            return one.running() ? one.pid() : 0;
                                        },
                                        [this](const WaitsByNode& waits) { on_at_rest(waits); },
                                        [this](Error error) { fail(std::move(error)); }});
    start_known_hang();
}

void Engine::Impl::start_known_hang() {
    known_hang_.emplace(
        io_, scenario_.known_hangs, scenario_.hang_after,
        KnownHang::Observer{
            [this] { return course_.last_progress(); }, [this] { return may_be_stuck(); },
            [this] { return stuck_->glance(); },
            [this](const WaitsByNode& waits) { return hang_state(record_.addresses(), waits); },
            [this](const WaitsByNode& waits, Nanoseconds in_state) { on_known_hang(waits, in_state); },
            [this](Error error) { fail(std::move(error)); }});
}

bool Engine::Impl::may_be_stuck() const {
    return course_.phase() == RunPhase::running && !any_fault_will_heal() && !attended_ &&
           Clock::now() >= course_.last_progress() + silence;
}

// Something may have come between the looks and now.
void Engine::Impl::on_at_rest(const WaitsByNode& waits) {
    if (!may_be_stuck()) return;
    const auto begun = Clock::now();
    if (!hindrances_of(record_, scenario_, waits).empty()) return;
    tell_waits(waits, {.proof = Proof::certain}, {}, begun);
    course_.end(EndReason::hung);
}

void Engine::Impl::on_known_hang(const WaitsByNode& waits, Nanoseconds in_state) {
    const auto begun = Clock::now();
    auto hindrances = hindrances_of(record_, scenario_, waits);
    tell_waits(waits, {.proof = Proof::known, .in_state_ns = in_state}, std::move(hindrances), begun);
    course_.end(EndReason::hung);
}

void Engine::Impl::tell_waits(const WaitsByNode& waits, event::RunProof proof,
                              std::vector<Hindrance> hindrances, Clock::time_point begun) {
    for (const auto& [node, facts] : waits) journal_->add(event::NodeWaiting{facts}, {.node = node});
    proof.state = hang_state(record_.addresses(), waits);
    proof.more_hindrances = hindrances.size() - std::min(hindrances.size(), most_hindrances);
    hindrances.resize(std::min(hindrances.size(), most_hindrances));
    proof.hindrances = std::move(hindrances);
    proof.took_ms = std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
    journal_->add(std::move(proof));
}

void Engine::Impl::look_at_waits() {
    if (!stuck_ || record_.proof()) return;
    const auto begun = Clock::now();
    auto waits = stuck_->look();
    if (!waits) return fail(std::move(waits).error());
    auto hindrances = hindrances_of(record_, scenario_, *waits);
    if (attended_) hindrances.push_back({HindranceKind::attended});
    const Proof proof = hindrances.empty() ? Proof::certain : Proof::waited;
    tell_waits(*waits, {.proof = proof}, std::move(hindrances), begun);
}

}  // namespace netcut
