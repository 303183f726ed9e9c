// SPDX-License-Identifier: Apache-2.0
#include "run/run_faults.h"

#include <fmt/format.h>

#include <algorithm>

#include "fault/needs.h"
#include "scenario/fault_kind.h"
#include "scenario/plan.h"
#include "trigger/pattern.h"

namespace netcut {

namespace {

bool hits(const FaultRunner& runner, std::size_t node) {
    const auto& nodes = runner.plan().nodes;
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// The file in which a fault waits for a line, if it is this node's; else nothing.
std::string file_of(const FaultTrigger& trigger, const Scenario& scenario, const ExpandContext& node) {
    if (trigger.kind != FaultTrigger::Kind::file || trigger.node != node.node) return {};
    return expand_text(trigger.file, scenario, node).value();  // it was checked with the scenario
}

}  // namespace

RunFaults::RunFaults(const RunContext& run, FaultNetwork& network, ProcessControl processes,
                     Observer observer)
    : run_(run), network_(network), processes_(std::move(processes)), observer_(std::move(observer)) {}

Result<void> RunFaults::lay() {
    const Scenario& scenario = run_.scenario;
    std::vector<FaultPlan> plans;
    for (const FaultSpec& spec : scenario.faults) {
        NETCUT_ASSIGN(FaultPlan plan, plan_of(scenario, spec));
        NETCUT_TRY(write_lists(spec, plan));
        plans.push_back(std::move(plan));
    }
    return network_.lay(std::move(plans));
}

Result<void> RunFaults::prepare() {
    NETCUT_TRY(watch_packets());
    for (std::size_t fault = 0; fault < run_.scenario.faults.size(); ++fault) NETCUT_TRY(add_runner(fault));
    for (const auto& runner : runners_) {
        const FaultTrigger& trigger = runner->spec().trigger;
        if (trigger.kind != FaultTrigger::Kind::phase) continue;
        phase_triggers_.push_back(std::make_unique<PhaseTrigger>(
            run_.timers, run_.journal, network_, *runner, node_index(run_.scenario, trigger.node).value()));
    }
    return {};
}

Result<FaultRunner*> RunFaults::add(const FaultPlan& plan) {
    NETCUT_TRY(write_lists(run_.scenario.faults.back(), plan));
    NETCUT_TRY(add_runner(run_.scenario.faults.size() - 1));
    return runners_.back().get();
}

Result<void> RunFaults::add_runner(std::size_t fault) {
    NETCUT_ASSIGN(std::unique_ptr<NetworkFault> prepared, network_.prepare(fault));
    const auto fired = [this](const FaultRunner& runner) {
        observer_.fired(runner);
        trigger_others(FaultTrigger::Kind::together, runner);
    };
    const auto healed = [this](const FaultRunner& runner) {
        observer_.healed(runner);
        trigger_others(FaultTrigger::Kind::after, runner);
    };
    runners_.push_back(std::make_unique<FaultRunner>(
        run_.timers, run_.journal, run_.scenario.faults[fault], std::move(prepared), network_.watch(fault),
        processes_, FaultRunner::Observer{fired, healed, run_.fail, observer_.phases}));
    return {};
}

Result<void> RunFaults::write_lists(const FaultSpec& fault, const FaultPlan& plan) {
    NETCUT_TRY(write_loss_lists(fault, plan));
    return write_hold_lists(fault, plan);
}

// The lists are the evidence: just these packets are lost.
Result<void> RunFaults::write_loss_lists(const FaultSpec& fault, const FaultPlan& plan) {
    const Lose* lose = std::get_if<Lose>(&plan.action);
    if (lose == nullptr) return {};
    event::LossListed listed{
        .model = fault.text("model"), .seed = std::stoull(fault.text("seed")), .period = lose->period};
    for (const auto& [direction, numbers] : {std::pair("up", &lose->up), std::pair("down", &lose->down)}) {
        if (!includes(plan.filter.direction,
                      direction == std::string("up") ? Direction::up : Direction::down))
            continue;
        std::string text;
        for (const std::uint32_t number : *numbers) text += fmt::format("{}\n", number);
        const std::string name = fmt::format("loss-{}-{}.txt", fault.name, direction);
        NETCUT_TRY(run_.folder.write_file(name, text));
        (numbers == &lose->up ? listed.lists.up : listed.lists.down) = event::LossList{name, numbers->size()};
    }
    run_.journal.add(std::move(listed), {.fault = fault.name});
    return {};
}

// The same of packets that are held, if not all are alike.
Result<void> RunFaults::write_hold_lists(const FaultSpec& fault, const FaultPlan& plan) {
    const Hold* hold = std::get_if<Hold>(&plan.action);
    if (hold == nullptr || !hold->up.list.is_drawn()) return {};
    event::HoldListed listed{.seed = std::stoull(fault.text("seed")), .period = hold->up.list.period()};
    for (const auto& [way, word, spec, into] :
         {std::tuple(Direction::up, "up", &hold->up, &listed.lists.up),
          std::tuple(Direction::down, "down", &hold->down, &listed.lists.down)}) {
        if (!includes(plan.filter.direction, way)) continue;
        const std::string name = fmt::format("hold-{}-{}.txt", fault.name, word);
        NETCUT_TRY(run_.folder.write_file(name, spec->list.text()));
        *into = {name, spec->list.size()};
    }
    run_.journal.add(std::move(listed), {.fault = fault.name});
    return {};
}

// Some things are told by packets: moments, and on a bridge what we must answer.
Result<void> RunFaults::watch_packets() {
    const auto logs = [this](const FaultSpec& fault) {
        return needs_of(run_.scenario, fault).contains(Need::packet_log);
    };
    const auto& faults = run_.scenario.faults;
    if (std::none_of(faults.begin(), faults.end(), logs)) return {};
    sees_packets_ = true;
    return network_.watch_packets(
        {observer_.is_under_way,
         [this](std::size_t fault, const std::string& packet, unsigned bytes, Nanoseconds when) {
             on_tripped(*runners_[fault], packet, bytes, when);
         }});
}

void RunFaults::on_tripped(FaultRunner& runner, const std::string& packet, unsigned bytes, Nanoseconds when) {
    for (const auto& trigger : phase_triggers_)
        if (&trigger->runner() == &runner)
            return runner.tripped(packet, bytes, when, [&trigger] { return trigger->tripped(); });
    runner.tripped(packet, bytes, when);
}

void RunFaults::trigger_others(FaultTrigger::Kind kind, const FaultRunner& runner) {
    for (const auto& other : runners_) {
        const FaultTrigger& trigger = other->spec().trigger;
        if (trigger.kind == kind && trigger.fault == runner.spec().name)
            other->trigger("", "when " + runner.spec().name +
                                   (kind == FaultTrigger::Kind::after ? " had healed" : " was fired"));
    }
}

bool RunFaults::any_has_fired() const {
    return std::any_of(runners_.begin(), runners_.end(), [](const auto& one) { return one->fired(); });
}

bool RunFaults::any_will_heal() const {
    return std::any_of(runners_.begin(), runners_.end(), [](const auto& one) { return one->busy(); });
}

Result<FaultRunner*> RunFaults::find(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& runner : runners_) {
        if (runner->spec().name == name) return runner.get();
        names.push_back(runner->spec().name);
    }
    return usage_failure("find the fault '" + name + "'", "the run has no fault of that name",
                         names.empty() ? "it has none" : fmt::format("it has {}", fmt::join(names, ", ")));
}

std::vector<const FaultSpec*> RunFaults::taking_names_of(std::size_t node) const {
    std::vector<const FaultSpec*> faults;
    for (const auto& runner : runners_)
        if (runner->spec().kind->processes == ProcessEffect::names && runner->is_on() && hits(*runner, node))
            faults.push_back(&runner->spec());
    return faults;
}

std::set<std::size_t> RunFaults::nodes_with_phases() const {
    std::set<std::size_t> nodes;
    for (const auto& trigger : phase_triggers_) nodes.insert(trigger->node());
    return nodes;
}

std::vector<std::string> RunFaults::files_of(const ExpandContext& node) const {
    std::vector<std::string> files;
    for (const auto& runner : runners_) {
        const std::string file = file_of(runner->spec().trigger, run_.scenario, node);
        if (!file.empty() && std::find(files.begin(), files.end(), file) == files.end())
            files.push_back(file);
    }
    return files;
}

// Patterns were checked with the scenario, so that parsing them again cannot fail.
void RunFaults::watch_for(LineScanner& scanner, FaultRunner& fault) {
    scanner.watch(
        {Pattern::parse(fault.spec().trigger.pattern).value(), [this, &fault](std::string_view line) {
             if (observer_.is_under_way()) fault.trigger(fault.spec().trigger.node, line);
         }});
}

void RunFaults::watch(LineScanner& scanner, const std::string& node) {
    for (const auto& runner : runners_) {
        const FaultTrigger& trigger = runner->spec().trigger;
        if (trigger.kind == FaultTrigger::Kind::log && trigger.node == node) watch_for(scanner, *runner);
    }
    for (const auto& trigger : phase_triggers_) {
        const PhaseMoment& moment = trigger->runner().spec().trigger.phase;
        if (moment.armed_by.empty() || moment.armed_by_node != node) continue;
        scanner.watch({Pattern::parse(moment.armed_by).value(),
                       [trigger = trigger.get()](std::string_view) { trigger->on_armed_by(); }});
    }
}

void RunFaults::watch_file(LineScanner& scanner, const std::string& file, const ExpandContext& node) {
    for (const auto& runner : runners_)
        if (file_of(runner->spec().trigger, run_.scenario, node) == file) watch_for(scanner, *runner);
}

void RunFaults::run_begins() {
    for (const auto& runner : runners_)
        if (runner->spec().trigger.kind == FaultTrigger::Kind::start) runner->trigger("", "at the start");
}

void RunFaults::nodes_work() {
    for (const auto& trigger : phase_triggers_) trigger->begin();
}

void RunFaults::on_round(std::size_t node) {
    for (const auto& runner : runners_) runner->progressed(node);
}

void RunFaults::on_progress(const std::string& value) {
    for (const auto& trigger : phase_triggers_) trigger->on_progress(value);
}

void RunFaults::on_state(std::size_t node, const PhaseWatch::State& state) {
    for (const auto& trigger : phase_triggers_)
        if (trigger->node() == node) trigger->on_state(state);
}

// It is the doing of the fault that was fired last.
void RunFaults::on_paused(std::size_t node, const Pause& pause) {
    FaultRunner* last = nullptr;
    for (const auto& runner : runners_) {
        if (runner->spec().kind->processes != ProcessEffect::pause || !runner->fired() ||
            !hits(*runner, node))
            continue;
        if (last == nullptr || runner->fired_at() > last->fired_at()) last = runner.get();
    }
    if (last != nullptr) last->tell_paused(node, pause);
}

void RunFaults::node_ended(std::size_t node) {
    for (const auto& runner : runners_) runner->node_ended(node);
}

void RunFaults::end_phases() {
    for (const auto& trigger : phase_triggers_) trigger->end();
}

void RunFaults::finish() {
    for (const auto& runner : runners_) runner->finish();
}

}  // namespace netcut
