// SPDX-License-Identifier: Apache-2.0
#include "run/fault_runner.h"

#include <algorithm>

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

FaultRunner::FaultRunner(boost::asio::io_context& io, Journal& journal, Fabric& fabric, FaultTable& table,
                         SocketReader& sockets, WorkTap& tap, FaultSpec spec, Fault fault,
                         const ProcessControl& processes, Observer observer)
    : journal_(journal),
      fabric_(fabric),
      table_(table),
      spec_(std::move(spec)),
      fault_(std::move(fault)),
      processes_(processes),
      observer_(std::move(observer)),
      counter_(spec_.trigger.nth, spec_.times),
      timer_(io),
      recovery_(io, fabric, table, sockets, tap, fault_.plan(), *spec_.kind,
                {[this](std::size_t node, const Recovery& found) {
                     journal_.add(event::NodeRecovered{found}, {node_name(node), spec_.name});
                 },
                 [this](std::size_t node, const Recovery& found) {
                     journal_.add(event::NodeUnrecovered{found}, {node_name(node), spec_.name});
                 },
                 [this](Error error) { fail(std::move(error)); }}) {
    if (spec_.flap) cycles_ = spec_.flap->cycles();
    const FaultTrigger& trigger = spec_.trigger;
    moment_text_ = spec_.when ? when_text(*spec_.when) : phase_moment_text(trigger.phase);
    moment_node_ = spec_.when ? spec_.when->node : trigger.node;
}

bool FaultRunner::is_ready() const {
    const std::size_t most = spec_.times * std::max<std::size_t>(1, cycles_.size());
    return !waiting_ && !flapping() && !fault_.active() && firings_ < most;
}

void FaultRunner::trigger(const std::string& node, std::string_view why,
                          std::optional<event::PhaseSeen> phase) {
    const auto verdict = counter_.match(waiting_ || armed_ || flapping() || fault_.active());
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
    waiting_ = true;
    timer_.expires_after(spec_.trigger.delay);
    when_due(timer_, timer_use_, [this] { come_due(); });
}

Result<void> FaultRunner::fire_now() {
    const std::string attempt = "fire the fault '" + spec_.name + "'";
    if (fault_.active() || flapping()) return usage_failure(attempt, "it is on already");
    stop_timers();
    if (armed_) disarm();
    counter_.match(false);
    trigger_node_.clear();
    trigger_line_ = "on request";
    cycle_ = 0;
    asked_for_ = true;
    begin();
    journal_.add_at(
        fire_begun_,
        event::TriggerMatched{
            .line = trigger_line_, .match = counter_.matches(), .verdict = MatchCounter::Verdict::fire},
        {trigger_node_, spec_.name});
    tell_fired();
    return {};
}

Result<void> FaultRunner::heal_now() {
    if (!fault_.active() || !fired())
        return usage_failure("heal the fault '" + spec_.name + "'", "it is not on");
    stop_timers();
    cycle_ = cycles_.size();
    asked_for_ = true;
    heal();
    return {};
}

void FaultRunner::come_due() {
    waiting_ = false;
    if (spec_.when) return arm();
    begin();
    tell_fired();
}

void FaultRunner::arm() {
    const auto counted = table_.read_counted(fault_.number());
    if (!counted) return fail(counted.error());
    counted_before_ = *counted;
    const Nanoseconds begin = journal_.now();
    if (auto armed = fault_.arm(); !armed) return fail(std::move(armed).error());
    event::FaultArmed told{moment_text_, microseconds(journal_.now() - begin)};
    if (std::exchange(armed_, true)) {
        armed_again_ = {begin, std::move(told)};
        return;
    }
    journal_.add_at(begin, std::move(told), {.fault = spec_.name});
    if (awaits_silence()) look_for_silence();
}

void FaultRunner::disarm() {
    armed_ = false;
    armed_again_.reset();
    if (auto disarmed = fault_.disarm(); !disarmed) fail(std::move(disarmed).error());
}

// No packet tells of a silence: the kernel fires at the packet that ends it, and we when it is long enough.
void FaultRunner::look_for_silence() {
    if (!armed_) return;
    const auto silent = table_.is_silent(fault_.number());
    if (!silent) return fail(silent.error());
    if (*silent) {
        armed_ = false;
        begin();
        return tell_fired();
    }
    timer_.expires_after(silence_step);
    when_due(timer_, timer_use_, [this] { look_for_silence(); });
}

void FaultRunner::tripped(const std::string& packet, unsigned bytes, Nanoseconds when,
                          const std::function<event::PhaseSeen()>& phase) {
    if (!std::exchange(armed_, false)) return;
    fire_begun_ = lease_begun_ = when;
    fire_result_ = fault_.follow();
    if (fire_result_) fire_result_ = fire_processes();
    fire_ended_ = journal_.now();
    trigger_node_ = moment_node_;
    trigger_line_ = packet;
    if (spec_.flap) ++cycle_;
    if (duration() && fire_result_) heal_at(*duration());
    if (armed_again_)  // of all times the last one, from which it counts
        journal_.add_at(armed_again_->first, std::move(armed_again_->second), {.fault = spec_.name});
    armed_again_.reset();
    const auto counted = table_.read_counted(fault_.number());
    if (!counted) return fail(counted.error());
    event::TriggerTripped tripped{.when = moment_text_, .packet = packet, .bytes = bytes};
    tripped.counted = {counted->packets - counted_before_.packets, counted->bytes - counted_before_.bytes};
    if (phase) tripped.phase = phase();
    journal_.add_at(fire_begun_, std::move(tripped), {trigger_node_, spec_.name});
    tell_fired();
}

// A handler that is queued already runs in spite of cancel(), so each knows which use of the timer it is of.
void FaultRunner::when_due(boost::asio::steady_timer& timer, unsigned& use, std::function<void()> work) {
    timer.async_wait([&use, mine = ++use, work = std::move(work)](boost::system::error_code error) {
        if (!error && mine == use) work();
    });
}

void FaultRunner::stop_timers() {
    ++timer_use_;
    timer_.cancel();
}

std::optional<Nanoseconds> FaultRunner::duration() const {
    if (spec_.flap) return cycles_[cycle_ == 0 ? 0 : cycle_ - 1].on;
    return spec_.duration;
}

void FaultRunner::begin() {
    waiting_ = false;
    if (spec_.flap) ++cycle_;
    fire_begun_ = journal_.now();
    fire_result_ = spec_.flap ? fault_.fire(*duration()) : fault_.fire();
    if (fire_result_) fire_result_ = fire_processes();
    fire_ended_ = lease_begun_ = journal_.now();
    if (duration() && fire_result_) heal_at(*duration());
}

Result<void> FaultRunner::fire_processes() {
    const ProcessEffect effect = spec_.kind->processes;
    for (const std::size_t node : fault_.plan().nodes) {
        if (effect == ProcessEffect::pause) NETCUT_TRY(processes_.pause(node, duration()));
        if (effect == ProcessEffect::kill || effect == ProcessEffect::restart)
            NETCUT_TRY(processes_.kill(node, fault_.plan().signal, spec_.duration.has_value()));
    }
    return {};
}

Result<void> FaultRunner::heal_processes() {
    for (const std::size_t node : fault_.plan().nodes) {
        if (spec_.kind->processes == ProcessEffect::pause) NETCUT_TRY(processes_.resume(node));
        if (spec_.kind->processes == ProcessEffect::restart) NETCUT_TRY(processes_.start_again(node));
    }
    return {};
}

// The kernel's lease began when firing did.
void FaultRunner::heal_at(Nanoseconds duration) {
    timer_.expires_at(Clock::now() - (fire_ended_ - fire_begun_) + duration);
    when_due(timer_, timer_use_, [this] { heal(); });
}

void FaultRunner::tell_fired() {
    recovery_.finish();  // of the firing before
    if (!fire_result_) return fail(std::move(fire_result_).error());
    auto read_back = fault_.in_effect();
    if (!read_back) return fail(std::move(read_back).error());
    ++firings_;
    fired_at_ = fire_begun_;
    losses_.clear();
    for (const std::size_t node : fault_.plan().nodes) losses_[node_name(node)] = {};
    event::FaultFired told{.kind = spec_.kind->name,
                           .nodes = spec_.nodes,
                           .number = firings_,
                           .trigger = {trigger_node_, trigger_line_},
                           .took_us = microseconds(fire_ended_ - fire_begun_)};
    if (cycle_ > 0) told.flap = event::FlapCycle{cycle_, cycles_.size()};
    if (duration()) told.for_s = seconds(*duration());
    // One of a millisecond may be over before it can be read back.
    told.read_back = *read_back;
    told.asked_for = std::exchange(asked_for_, false);
    told.phases = observer_.phases(fault_.plan().nodes);
    journal_.add_at(fire_begun_, std::move(told), {.fault = spec_.name});
    recovery_.fired();
    observer_.fired(*this);
}

// What is still dying would send from its new network; a kill takes milliseconds.
Result<bool> FaultRunner::machines_are_off() {
    if (fault_.plan().link != LinkChange::reboot) return true;
    for (const std::size_t node : fault_.plan().nodes)
        if (processes_.runs(node)) return false;
    for (const std::size_t node : fault_.plan().nodes) NETCUT_TRY(processes_.renew(node));
    return true;
}

void FaultRunner::heal() {
    recovery_.heals();
    const auto off = machines_are_off();
    if (!off) return fail(off.error());
    if (!*off) {
        timer_.expires_after(dying_step);
        return when_due(timer_, timer_use_, [this] { heal(); });
    }
    const Nanoseconds begin = journal_.now();
    if (auto healed = fault_.heal(); !healed) return fail(std::move(healed).error());
    if (auto healed = heal_processes(); !healed) return fail(std::move(healed).error());
    Nanoseconds end = journal_.now();
    const Nanoseconds took = end - begin;
    Clock::time_point healed_at = Clock::now();
    // The kernel ends it on time by itself, also when we come late.
    if (fault_.plan().lease() && end > lease_begun_ + *duration()) {
        healed_at -= end - (lease_begun_ + *duration());
        end = lease_begun_ + *duration();
    }
    healed_at_ = end;
    recovery_.healed(healed_at);
    update_losses();
    event::FaultHealed told{.lasted_s = seconds(end - fired_at_), .took_us = microseconds(took)};
    auto& hit = (fault_.plan().queues() ? told.packets_queued : told.packets_lost).emplace();
    for (const auto& [node, losses] : losses_) hit[node] = losses.total();
    told.losses = losses_;
    told.asked_for = std::exchange(asked_for_, false);
    journal_.add_at(end, std::move(told), {.fault = spec_.name});
    go_on_flapping();
    arm_again();
    observer_.healed(*this);
}

void FaultRunner::go_on_flapping() {
    if (!flapping()) return;
    timer_.expires_after(cycles_[cycle_ - 1].off);
    when_due(timer_, timer_use_, [this] {
        begin();
        tell_fired();
    });
}

// The start, which the moment was waited for from, does not come again.
void FaultRunner::arm_again() {
    if (!spec_.when || spec_.trigger.kind != FaultTrigger::Kind::start || flapping()) return;
    trigger(spec_.nodes.front(), spec_.name + " has healed");
}

void FaultRunner::tell_paused(std::size_t node, const Pause& pause) {
    if (!fired()) return;
    const Nanoseconds signalled = journal_.now() - (Clock::now() - pause.signalled);
    journal_.add_at(
        signalled,
        event::NodePaused{pause.processes, pause.unstopped, microseconds(pause.stopped - pause.signalled)},
        {node_name(node), spec_.name});
}

void FaultRunner::update_losses() {
    auto losses = fault_.losses();
    if (!losses) return fail(std::move(losses).error());
    if (!fired()) return;
    for (const auto& [node, value] : *losses) losses_[node_name(node)] = value;
}

void FaultRunner::finish() {
    stop_timers();
    recovery_.end();
    if (!fault_.active() || !fired()) return;
    update_losses();
    journal_.add(event::FaultUnhealed{losses_}, {.fault = spec_.name});
}

void FaultRunner::fail(Error error) {
    stop_timers();
    observer_.failed(std::move(error));
}

}  // namespace netcut
