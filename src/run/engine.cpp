// SPDX-License-Identifier: Apache-2.0
#include "run/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>

#include "base/time.h"
#include "fabric/fabric.h"
#include "fabric/options.h"
#include "fault/plan.h"
#include "kernel/precedence.h"
#include "node/exit_status.h"
#include "run/engine_impl.h"
#include "scenario/fault_kind.h"
#include "scenario/triggers.h"

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
    NETCUT_TRY(follow_deliveries());
    NETCUT_TRY(prepare_faults());
    NETCUT_TRY(make_actors());
    return course_.begin();
}

void Engine::Impl::on_prepared(ExitStatus status) {
    const bool in_vain = course_.phase() == RunPhase::preparing && !status.success();
    if (!in_vain) return course_.prepared(status.success());
    const std::string last =
        preparation_tail_.empty() ? "it printed nothing" : "it printed: " + preparation_tail_;
    fail(Error{Error::Kind::usage, "prepare the run with " + preparation_->spec().argv.front(), 0,
               status.text(), last});
}

RunParts::NodeNow Engine::Impl::node(std::size_t index) const {
    const Actor& actor = *actors_[index];
    return {actor.node->running(), actor.outcome.exit.has_value(),
            actor.starts_again || actor.start_when_gone};
}

void Engine::Impl::before_aggregator() {
    for (const auto& fault : faults_)
        if (fault->spec().trigger.kind == FaultTrigger::Kind::start) fault->trigger("", "at the start");
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
    actor.outcome.stopped_by_us = course_.phase() == RunPhase::stopping;
    actor.outcome.ended = journal_->now();
    // A tree that is made to end need not end in order.
    const bool by_itself = !actor.outcome.stopped_by_us && !actor.outcome.killed_by_fault;
    if (!by_itself) actor.outcome.left_behind = 0;
    if (by_itself) actor.outcome.late_lines = actor.late_lines.at_end(actor.outcome.ended);
    journal_exit(actor.outcome);
    if (course_.phase() != RunPhase::stopping) {
        check_journal();
        on_progress(actor.outcome.name, {});
        if (actor.start_when_gone)
            boost::asio::post(io_, [this, &actor] {
                if (!course_.is_under_way()) return;
                if (auto started = start_again(actor); !started) fail(std::move(started).error());
            });
        if (!actor.starts_again && !status.success() && actor.index != 0) sample_listening();
    }
    course_.node_ended(actor.index, status.success());
}

void Engine::Impl::journal_exit(const NodeOutcome& outcome) {
    journal_->add_at(outcome.ended,
                     event::NodeExited{*outcome.exit, outcome.starts, outcome.stopped_by_us,
                                       outcome.killed_by_fault, outcome.left_behind, outcome.late_lines},
                     {.node = outcome.name});
}

void Engine::Impl::on_progress(const std::string& node, const std::optional<std::string>& value) {
    course_.progressed();
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
    sample_sockets(SocketMoment::cut, with_aggregator(runner.plan().nodes));
    course_.fault_changed();
    check_journal();
    trigger_others(FaultTrigger::Kind::together, runner);
}

void Engine::Impl::trigger_others(FaultTrigger::Kind kind, const FaultRunner& runner) {
    for (const auto& other : faults_) {
        const FaultTrigger& trigger = other->spec().trigger;
        if (trigger.kind == kind && trigger.fault == runner.spec().name)
            other->trigger("", "when " + runner.spec().name +
                                   (kind == FaultTrigger::Kind::after ? " had healed" : " was fired"));
    }
}

void Engine::Impl::on_healed(const FaultRunner& runner) {
    note_in_capture(runner, runner.healed_at(), "has healed");
    tell_addresses(runner);
    sample_sockets(SocketMoment::heal, with_aggregator(runner.plan().nodes));
    const bool new_address = runner.plan().plug.new_address;
    if (new_address) update_hosts();
    if (new_address || runner.spec().kind->processes == ProcessEffect::names)
        if (auto written = rewrite_hosts(); !written) return fail(std::move(written).error());
    course_.fault_changed();
    check_journal();
    trigger_others(FaultTrigger::Kind::after, runner);
}

// Of nodes that have come back as somebody else.
void Engine::Impl::tell_addresses(const FaultRunner& runner) {
    if (runner.plan().link != LinkChange::unplug) return;
    const PlugOptions& plug = runner.plan().plug;
    if (!plug.new_address && !plug.new_mac) return;
    for (const std::size_t index : runner.plan().nodes) {
        const NodeLink& node = fabric_->node(index);
        if (delivery_tap_) delivery_tap_->own(addresses_of(node).addresses, node.name);
        if (capture_) capture_->add_addresses(index, node.addresses);
        journal_->add(event::NodeReaddressed{addresses_of(node)}, {node.name, runner.spec().name});
    }
}

// A journal that cannot be written any more is no evidence: the run ends, and says why.
void Engine::Impl::check_journal() {
    if (journal_->failure() && course_.phase() != RunPhase::stopping) fail(*journal_->failure());
}

bool Engine::Impl::any_fault_has_fired() const {
    return std::any_of(faults_.begin(), faults_.end(), [](const auto& fault) { return fault->fired(); });
}

bool Engine::Impl::any_fault_will_heal() const {
    return std::any_of(faults_.begin(), faults_.end(), [](const auto& fault) { return fault->busy(); });
}

}  // namespace netcut
