// SPDX-License-Identifier: Apache-2.0
#include "run/fault_runner.h"

#include <algorithm>

#include "scenario/fault_kind.h"
#include "scenario/triggers.h"
#include "scenario/words.h"

namespace netcut {
namespace {

// A node may print what matches without end.
constexpr unsigned most_in_vain = 1000;
constexpr auto silence_step = std::chrono::milliseconds(5);
constexpr auto dying_step = std::chrono::milliseconds(2);

double microseconds(Nanoseconds value) {
    return std::chrono::duration<double, std::micro>(value).count();
}

}  // namespace

FaultRunner::FaultRunner(Timers& timers, Journal& journal, FaultSpec spec,
                         std::unique_ptr<NetworkFault> fault, std::unique_ptr<FiringWatch> watch,
                         const ProcessControl& processes, Observer observer)
    : timers_(timers),
      journal_(journal),
      spec_(std::move(spec)),
      fault_(std::move(fault)),
      watch_(std::move(watch)),
      processes_(processes),
      observer_(std::move(observer)),
      counter_(spec_.trigger.nth, spec_.times),
      timer_(timers.make()) {
    if (spec_.flap) cycles_ = spec_.flap->cycles();
    const FaultTrigger& trigger = spec_.trigger;
    moment_text_ = spec_.when ? when_text(*spec_.when) : phase_moment_text(trigger.phase);
    moment_node_ = spec_.when ? spec_.when->node : trigger.node;
}

bool FaultRunner::is_ready() const {
    const std::size_t most = spec_.times * std::max<std::size_t>(1, cycles_.size());
    return (state_ == State::idle || state_ == State::armed) && firings_ < most;
}

void FaultRunner::trigger(const std::string& node, std::string_view why,
                          std::optional<event::PhaseSeen> phase) {
    if (state_ == State::ended) return;
    const auto verdict = counter_.match(state_ != State::idle);
    if (verdict == MatchCounter::Verdict::spent) return;  // a chatty pattern would fill the journal
    const Nanoseconds matched = journal_.now();
    const bool fires = verdict == MatchCounter::Verdict::fire;
    if (!fires && ++in_vain_ > most_in_vain) return;
    if (fires) {
        trigger_node_ = node;
        trigger_line_ = why;
        cycle_ = 0;
    }
    const bool at_once = fires && spec_.trigger.delay == Nanoseconds(0) && !spec_.when;
    if (at_once) begin();  // first, and tell afterwards
    journal_.add_at(matched,
                    event::TriggerMatched{std::string(why), counter_.matches(), verdict, std::move(phase)},
                    {node, spec_.name});
    if (at_once) return tell_fired();
    if (!fires) return;
    if (spec_.trigger.delay == Nanoseconds(0)) return come_due();
    state_ = State::delayed;
    after(spec_.trigger.delay, [this] { come_due(); });
}

Result<void> FaultRunner::fire_now() {
    const std::string attempt = "fire the fault '" + spec_.name + "'";
    if (state_ == State::ended) return usage_failure(attempt, "the run is over");
    if (state_ == State::on || state_ == State::between_cycles)
        return usage_failure(attempt, "it is on already");
    timer_->cancel();
    if (is_armed()) disarm();
    counter_.match(false);
    trigger_node_.clear();
    trigger_line_ = "on request";
    cycle_ = 0;
    begin();
    journal_.add_at(
        fire_begun_,
        event::TriggerMatched{
            .line = trigger_line_, .match = counter_.matches(), .verdict = MatchCounter::Verdict::fire},
        {trigger_node_, spec_.name});
    tell_fired(true);
    return {};
}

Result<void> FaultRunner::heal_now() {
    if (!is_on() || !fired()) return usage_failure("heal the fault '" + spec_.name + "'", "it is not on");
    cycle_ = cycles_.size();
    heal(true);
    return {};
}

void FaultRunner::come_due() {
    state_ = State::idle;
    spec_.when ? arm() : fire();
}

void FaultRunner::arm() {
    if (state_ != State::idle && state_ != State::armed) return;
    const auto counted = fault_->counted();
    if (!counted) return fail(counted.error());
    counted_before_ = *counted;
    const Nanoseconds begin = journal_.now();
    if (auto armed = fault_->arm(); !armed) return fail(std::move(armed).error());
    event::FaultArmed told{moment_text_, microseconds(journal_.now() - begin)};
    if (std::exchange(state_, State::armed) == State::armed) {
        armed_again_ = {begin, std::move(told)};
        return;
    }
    cycle_ = 0;
    journal_.add_at(begin, std::move(told), {.fault = spec_.name});
    if (awaits_silence()) look_for_silence();
}

void FaultRunner::disarm() {
    state_ = State::idle;
    timer_->cancel();
    armed_again_.reset();
    if (auto disarmed = fault_->disarm(); !disarmed) fail(std::move(disarmed).error());
}

// No packet tells of a silence: the kernel fires at the packet that ends it, and we when it is long enough.
void FaultRunner::look_for_silence() {
    const auto silent = fault_->is_silent();
    if (!silent) return fail(silent.error());
    if (*silent) return fire();
    after(silence_step, [this] { look_for_silence(); });
}

void FaultRunner::tripped(const std::string& packet, unsigned bytes, Nanoseconds when,
                          const std::function<event::PhaseSeen()>& phase) {
    if (!is_armed()) return;
    timer_->cancel();
    state_ = State::on;
    fire_begun_ = lease_begun_ = when;
    fire_result_ = fault_->follow();
    if (fire_result_) fire_result_ = fire_processes();
    fire_ended_ = journal_.now();
    trigger_node_ = moment_node_;
    trigger_line_ = packet;
    if (spec_.flap) ++cycle_;
    if (duration() && fire_result_) heal_at(*duration());
    if (armed_again_)  // of all times the last one, from which it counts
        journal_.add_at(armed_again_->first, std::move(armed_again_->second), {.fault = spec_.name});
    armed_again_.reset();
    const auto counted = fault_->counted();
    if (!counted) return fail(counted.error());
    event::TriggerTripped tripped{.when = moment_text_, .packet = packet, .bytes = bytes};
    tripped.counted = {counted->packets - counted_before_.packets, counted->bytes - counted_before_.bytes};
    if (phase) tripped.phase = phase();
    journal_.add_at(fire_begun_, std::move(tripped), {trigger_node_, spec_.name});
    tell_fired();
}

void FaultRunner::after(Nanoseconds time, std::function<void()> work) {
    timer_->at(timers_.now() + time, std::move(work));
}

std::optional<Nanoseconds> FaultRunner::duration() const {
    if (spec_.flap) return cycles_[cycle_ == 0 ? 0 : cycle_ - 1].on;
    return spec_.duration;
}

void FaultRunner::fire() {
    begin();
    tell_fired();
}

void FaultRunner::begin() {
    state_ = State::on;
    if (spec_.flap) ++cycle_;
    fire_begun_ = journal_.now();
    fire_result_ = fault_->fire(spec_.flap ? duration() : std::nullopt);
    if (fire_result_) fire_result_ = fire_processes();
    fire_ended_ = lease_begun_ = journal_.now();
    if (duration() && fire_result_) heal_at(*duration());
}

Result<void> FaultRunner::fire_processes() {
    const ProcessEffect effect = spec_.kind->processes;
    for (const std::size_t node : plan().nodes) {
        if (effect == ProcessEffect::pause) NETCUT_TRY(processes_.pause(node, duration()));
        if (effect == ProcessEffect::kill || effect == ProcessEffect::restart)
            NETCUT_TRY(processes_.kill(node, plan().signal, spec_.duration.has_value()));
    }
    return {};
}

Result<void> FaultRunner::heal_processes() {
    for (const std::size_t node : plan().nodes) {
        if (spec_.kind->processes == ProcessEffect::pause) NETCUT_TRY(processes_.resume(node));
        if (spec_.kind->processes == ProcessEffect::restart) NETCUT_TRY(processes_.start_again(node));
    }
    return {};
}

// The kernel's lease began when firing did.
void FaultRunner::heal_at(Nanoseconds duration) {
    after(duration - (fire_ended_ - fire_begun_), [this] { heal(false); });
}

void FaultRunner::tell_fired(bool asked_for) {
    watch_->finish();  // of the firing before
    if (!fire_result_) return fail(std::move(fire_result_).error());
    auto read_back = fault_->in_effect();
    if (!read_back) return fail(std::move(read_back).error());
    ++firings_;
    fired_at_ = fire_begun_;
    losses_.clear();
    for (const std::size_t node : plan().nodes) losses_[fault_->node_name(node)] = {};
    event::FaultFired told{.kind = spec_.kind->name,
                           .nodes = spec_.nodes,
                           .number = firings_,
                           .trigger = {trigger_node_, trigger_line_},
                           .took_us = microseconds(fire_ended_ - fire_begun_)};
    if (cycle_ > 0) told.flap = event::FlapCycle{cycle_, cycles_.size()};
    if (duration()) told.for_s = seconds(*duration());
    // One of a millisecond may be over before it can be read back.
    told.read_back = *read_back;
    told.asked_for = asked_for;
    told.phases = observer_.phases(plan().nodes);
    journal_.add_at(fire_begun_, std::move(told), {.fault = spec_.name});
    watch_->fired();
    observer_.fired(*this);
}

// What is still dying would send from its new network; a kill takes milliseconds.
Result<bool> FaultRunner::machines_are_off() {
    if (plan().link != LinkChange::reboot) return true;
    for (const std::size_t node : plan().nodes)
        if (processes_.runs(node)) return false;
    for (const std::size_t node : plan().nodes) NETCUT_TRY(processes_.renew(node));
    return true;
}

void FaultRunner::heal(bool asked_for) {
    timer_->cancel();
    watch_->heals();
    const auto off = machines_are_off();
    if (!off) return fail(off.error());
    if (!*off) return after(dying_step, [this, asked_for] { heal(asked_for); });
    const Nanoseconds begin = journal_.now();
    if (auto healed = fault_->heal(); !healed) return fail(std::move(healed).error());
    state_ = has_more_cycles() ? State::between_cycles : State::idle;
    if (auto healed = heal_processes(); !healed) return fail(std::move(healed).error());
    healed_at_ = journal_.now();
    const Nanoseconds took = healed_at_ - begin;
    Clock::time_point when = timers_.now();
    // The kernel ends it on time by itself, also when we come late.
    if (plan().lease() && healed_at_ > lease_begun_ + *duration()) {
        when -= healed_at_ - (lease_begun_ + *duration());
        healed_at_ = lease_begun_ + *duration();
    }
    watch_->healed(when);
    update_losses();
    tell_healed(took, asked_for);
    begin_next_cycle_later();
    arm_again();
    observer_.healed(*this);
}

void FaultRunner::tell_healed(Nanoseconds took, bool asked_for) {
    event::FaultHealed told{.lasted_s = seconds(healed_at_ - fired_at_), .took_us = microseconds(took)};
    auto& hit = (plan().queues() || plan().waits() ? told.packets_queued : told.packets_lost).emplace();
    for (const auto& [node, losses] : losses_) hit[node] = losses.total();
    told.losses = losses_;
    told.asked_for = asked_for;
    journal_.add_at(healed_at_, std::move(told), {.fault = spec_.name});
}

void FaultRunner::begin_next_cycle_later() {
    if (state_ == State::between_cycles) after(cycles_[cycle_ - 1].off, [this] { fire(); });
}

// The start, which the moment was waited for from, does not come again.
void FaultRunner::arm_again() {
    if (!spec_.when || spec_.trigger.kind != FaultTrigger::Kind::start || state_ != State::idle) return;
    trigger(spec_.nodes.front(), spec_.name + " has healed");
}

void FaultRunner::tell_paused(std::size_t node, const Pause& pause) {
    if (!fired()) return;
    const Nanoseconds signalled = journal_.now() - (timers_.now() - pause.signalled);
    journal_.add_at(
        signalled,
        event::NodePaused{pause.processes, pause.unstopped, microseconds(pause.stopped - pause.signalled)},
        {fault_->node_name(node), spec_.name});
}

void FaultRunner::update_losses() {
    auto losses = fault_->losses();
    if (!losses) return fail(std::move(losses).error());
    if (!fired()) return;
    for (const auto& [node, value] : *losses) losses_[fault_->node_name(node)] = value;
}

void FaultRunner::finish() {
    timer_->cancel();
    const State before = std::exchange(state_, State::ended);
    watch_->end();
    if (before != State::on || !fired()) return;
    update_losses();
    journal_.add(event::FaultUnhealed{losses_}, {.fault = spec_.name});
}

void FaultRunner::fail(Error error) {
    timer_->cancel();
    observer_.failed(std::move(error));
}

}  // namespace netcut
