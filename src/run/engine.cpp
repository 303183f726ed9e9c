// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>

#include "kernel/precedence.h"
#include "run/engine_impl.h"

namespace netcut {

Engine::Engine(boost::asio::io_context& io, Scenario scenario, const RunFolder& folder, User user,
               std::function<void(const Event&)> listener)
    : impl_(std::make_unique<Impl>(io, std::move(scenario), folder, std::move(user), std::move(listener))) {}
Engine::~Engine() = default;
Result<void> Engine::start(std::function<void(Result<RunResult>)> done) {
    return impl_->start(std::move(done));
}
void Engine::stop(int signal) {
    impl_->stop(signal);
}

Result<void> Engine::Impl::start(std::function<void(Result<RunResult>)> done) {
    done_ = std::move(done);
    take_precedence();
    NETCUT_TRY(open_journal());
    NETCUT_TRY(build_network());
    NETCUT_TRY(prepare_faults());
    NETCUT_TRY(make_actors());
    enter(State::preparing);
    timeout_timer_.expires_after(scenario_.timeout);
    timeout_timer_.async_wait([this](boost::system::error_code error) {
        if (!error) end(EndReason::timeout);
    });
    if (!scenario_.prepare.empty()) return start_preparation();
    start_aggregator();
    return {};
}

void Engine::Impl::on_prepared(ExitStatus status) {
    if (state_ != State::preparing) return finish();
    if (status.success()) return start_aggregator();
    const std::string last =
        preparation_tail_.empty() ? "it printed nothing" : "it printed: " + preparation_tail_;
    fail(Error{Error::Kind::usage, "prepare the run with " + preparation_->spec().argv.front(), 0,
               status.text(), last});
}

void Engine::Impl::start_aggregator() {
    enter(State::starting);
    last_progress_ = Clock::now();
    for (const auto& fault : faults_)
        if (fault->spec().trigger.kind == FaultTrigger::Kind::start) fault->trigger(aggregator_name, "start");
    if (state_ != State::starting) return;  // one of them failed
    if (auto started = start_actor(*actors_.front()); !started) return fail(std::move(started).error());
    if (scenario_.ready.empty()) return start_collaborators();
    if (scenario_.ready_within <= Nanoseconds(0)) return;
    ready_timer_.expires_after(scenario_.ready_within);
    ready_timer_.async_wait([this](boost::system::error_code error) {
        if (!error && state_ == State::starting) end(EndReason::not_ready);
    });
}

void Engine::Impl::start_collaborators() {
    enter(State::running);
    ready_timer_.cancel();
    last_progress_ = Clock::now();
    start_stuck_watch();
    arm_hang_timer();
    start_phase_watch();
    start_collaborator(1);
}

// One a turn of the event loop: starting a process takes milliseconds, and a trigger must not wait for a
// thousand.
void Engine::Impl::start_collaborator(std::size_t index) {
    if (state_ != State::running || index >= actors_.size()) return;
    if (auto started = start_actor(*actors_[index]); !started) return fail(std::move(started).error());
    boost::asio::post(io_, [this, index] { start_collaborator(index + 1); });
}

void Engine::Impl::on_exit(Actor& actor, ExitStatus status) {
    if (phases_) phases_->node_ended(actor.index);
    for (const auto& fault : faults_) fault->node_ended(actor.index);
    for (const auto& log : actor.logs) log->follower->drain();
    actor.out.finish();
    actor.err.finish();
    actor.syslog.finish();
    for (const auto& log : actor.logs) log->scanner.finish();
    actor.outcome.exit = status;
    actor.outcome.stopped_by_us = state_ == State::stopping;
    actor.outcome.ended = journal_->now();
    // A tree that is made to end need not end in order.
    const bool by_itself = !actor.outcome.stopped_by_us && !actor.outcome.killed_by_fault;
    if (!by_itself) actor.outcome.left_behind = 0;
    if (by_itself) actor.outcome.late_lines = actor.late_lines.at_end(actor.outcome.ended);
    journal_exit(actor.outcome);
    if (state_ == State::stopping) {
        if (!any_running()) finish();
        return;
    }
    check_journal();
    on_progress(actor.outcome.name, {});
    if (actor.start_when_gone)
        boost::asio::post(io_, [this, &actor] {
            if (state_ != State::running && state_ != State::starting) return;
            if (auto started = start_again(actor); !started) fail(std::move(started).error());
        });
    if (actor.starts_again) return;
    if (!status.success()) crashed_ = true;
    if (!status.success() && actor.index != 0) sample_listening();
    // An aggregator that ended before it was ready leaves nothing to start.
    const bool all_started =
        state_ == State::starting || actors_.back()->outcome.exit || actors_.back()->node->running();
    if (!any_running() && all_started) return end(EndReason::all_exited);
    if (scenario_.end == end_with_collaborators && collaborators_have_ended())
        return end(EndReason::collaborators_ended);
    arm_hang_timer();
}

void Engine::Impl::journal_exit(const NodeOutcome& outcome) {
    journal_->add_at(outcome.ended,
                     event::NodeExited{*outcome.exit, outcome.starts, outcome.stopped_by_us,
                                       outcome.killed_by_fault, outcome.left_behind, outcome.late_lines},
                     {.node = outcome.name});
}

void Engine::Impl::on_progress(const std::string& node, const std::optional<std::string>& value) {
    last_progress_ = Clock::now();
    if (!value) return;
    // First, since the journal has what fires a fault before what it fires.
    if (record_.rounds().is_new(node, *value)) on_round(node, *value);
    for (const auto& trigger : phase_triggers_) trigger->on_progress(*value);
}

// What nodes print has no end, and the journal must have one.
void Engine::Impl::on_round(const std::string& node, const std::string& round) {
    const Nanoseconds now = journal_->now();
    if (record_.rounds().count(node) < most_rounds) {
        journal_->add_at(now, event::Progress{round}, {.node = node});
        for (const auto& fault : faults_) fault->progressed(node_index(scenario_, node).value());
    } else {
        journal_->add_at(now, event::ProgressFull{most_rounds}, {.node = node});
    }
    check_journal();
}

std::vector<std::size_t> Engine::Impl::with_aggregator(std::vector<std::size_t> nodes) {
    if (std::find(nodes.begin(), nodes.end(), 0) == nodes.end()) nodes.push_back(0);
    return nodes;
}

void Engine::Impl::on_fired(const FaultRunner& runner) {
    if (runner.spec().kind->processes == ProcessEffect::names)
        if (auto written = rewrite_hosts(); !written) return fail(std::move(written).error());
    note_in_capture(runner, runner.fired_at(), "was fired");
    sample_sockets(SocketMoment::cut, with_aggregator(runner.fault().plan().nodes));
    last_progress_ = Clock::now();
    arm_hang_timer();
    check_journal();
    trigger_others(FaultTrigger::Kind::together, runner);
}

void Engine::Impl::trigger_others(FaultTrigger::Kind kind, const FaultRunner& runner) {
    for (const auto& other : faults_) {
        const FaultTrigger& trigger = other->spec().trigger;
        if (trigger.kind == kind && trigger.fault == runner.spec().name)
            other->trigger(
                runner.spec().nodes.front(),
                runner.spec().name + (kind == FaultTrigger::Kind::after ? " has healed" : " was fired"));
    }
}

void Engine::Impl::on_healed(const FaultRunner& runner) {
    note_in_capture(runner, runner.healed_at(), "has healed");
    tell_addresses(runner);
    sample_sockets(SocketMoment::heal, with_aggregator(runner.fault().plan().nodes));
    last_progress_ = Clock::now();
    const bool new_address = runner.fault().plan().plug.new_address;
    if (new_address) update_hosts();
    if (new_address || runner.spec().kind->processes == ProcessEffect::names)
        if (auto written = rewrite_hosts(); !written) return fail(std::move(written).error());
    arm_hang_timer();
    check_journal();
    trigger_others(FaultTrigger::Kind::after, runner);
}

// Of nodes that have come back as somebody else.
void Engine::Impl::tell_addresses(const FaultRunner& runner) {
    if (runner.fault().plan().link != LinkChange::unplug) return;
    const PlugOptions& plug = runner.fault().plan().plug;
    if (!plug.new_address && !plug.new_mac) return;
    for (const std::size_t index : runner.fault().plan().nodes) {
        const NodeLink& node = fabric_->node(index);
        if (capture_) capture_->add_addresses(index, node.addresses);
        journal_->add(event::NodeReaddressed{addresses_of(node)}, {node.name, runner.spec().name});
    }
}

// A journal that cannot be written any more is no evidence: the run ends, and says why.
void Engine::Impl::check_journal() {
    if (journal_->failure() && state_ != State::stopping) fail(*journal_->failure());
}

// Hangs are looked for once the federation is ready and a fault was fired or a node crashed, and never while
// a cut will yet heal. How long the aggregator may take to become ready is said by ready_within.
void Engine::Impl::arm_hang_timer() {
    if (state_ != State::running || (!any_fired() && !crashed_)) return;
    stuck_->restart();
    hang_timer_.expires_at(last_progress_ + scenario_.hang_after);
    hang_timer_.async_wait([this](boost::system::error_code error) {
        if (!error) on_hang_timer();
    });
}

void Engine::Impl::on_hang_timer() {
    if (any_busy()) return;  // its heal arms the timer again
    if (Clock::now() < last_progress_ + scenario_.hang_after) return arm_hang_timer();
    end(EndReason::hung);
}

bool Engine::Impl::any_fired() const {
    return std::any_of(faults_.begin(), faults_.end(), [](const auto& fault) { return fault->fired(); });
}

bool Engine::Impl::any_busy() const {
    return std::any_of(faults_.begin(), faults_.end(), [](const auto& fault) { return fault->busy(); });
}

bool Engine::Impl::collaborators_have_ended() const {
    return std::all_of(actors_.begin() + 1, actors_.end(), [](const auto& actor) {
        return actor->outcome.exit && !actor->starts_again && !actor->start_when_gone;
    });
}

// A node that will be started again counts.
bool Engine::Impl::any_running() const {
    return std::any_of(actors_.begin(), actors_.end(), [this](const auto& actor) {
        return actor->node->running() || (actor->starts_again && state_ != State::stopping);
    });
}

}  // namespace netcut
