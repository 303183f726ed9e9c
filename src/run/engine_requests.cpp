// SPDX-License-Identifier: Apache-2.0
//
// What somebody asks for while a run is under way.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/sha256.h"
#include "fault/needs.h"
#include "fault/plan.h"
#include "kernel/rights.h"
#include "record/event.h"
#include "run/engine.h"
#include "run/engine_impl.h"
#include "scenario/check.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"
#include "scenario/yaml.h"

namespace netcut {
namespace {

// The first of "request1", "request2", ... that no fault is called.
std::string free_name(const std::vector<FaultSpec>& faults) {
    for (std::size_t number = 1;; ++number) {
        std::string name = fmt::format("request{}", number);
        if (std::none_of(faults.begin(), faults.end(), [&](const auto& one) { return one.name == name; }))
            return name;
    }
}

Result<void> check_command(const CommandSpec& command, const std::string& attempt) {
    if (command.argv.empty()) return usage_failure(attempt, "the command is empty");
    for (const std::string& word : command.argv)
        if (word.find('\0') != std::string::npos)
            return usage_failure(attempt, "a word of it has a NUL character, where the system would end it");
    // Elsewhere it would be a right over every network of the machine.
    if (command.captures && may_set_groups())
        return usage_failure(
            attempt + " with the right to capture packets",
            "this run has root's rights over the machine, which nodes must not have",
            "use --pcap, or a run without root's rights: docs/daemon.md lists which have them");
    return {};
}

}  // namespace

Result<void> Engine::fire(const std::string& fault) {
    return impl_->fire(fault);
}
Result<void> Engine::heal(const std::string& fault) {
    return impl_->heal(fault);
}
Result<std::string> Engine::add_fault(FaultSpec fault) {
    return impl_->add_fault(std::move(fault));
}
Result<void> Engine::signal(const std::string& node, int number) {
    return impl_->signal(node, number);
}
Result<Node*> Engine::execute(const std::string& node, CommandSpec command, Node::Observer observer) {
    return impl_->execute(node, std::move(command), std::move(observer));
}

Result<void> Engine::Impl::must_run(const std::string& attempt) {
    attended_ = true;
    if (course_.is_under_way()) return {};
    return usage_failure(
        attempt, course_.phase() == RunPhase::preparing ? "the run is being prepared" : "the run is over");
}

Result<void> Engine::Impl::fire(const std::string& fault) {
    NETCUT_TRY(must_run("fire the fault '" + fault + "'"));
    NETCUT_ASSIGN(FaultRunner * runner, faults_->find(fault));
    return runner->fire_now();
}

Result<void> Engine::Impl::heal(const std::string& fault) {
    NETCUT_TRY(must_run("heal the fault '" + fault + "'"));
    NETCUT_ASSIGN(FaultRunner * runner, faults_->find(fault));
    return runner->heal_now();
}

Result<std::string> Engine::Impl::add_fault(FaultSpec fault) {
    const std::string attempt = "add a fault to the run";
    NETCUT_TRY(must_run(attempt));
    if (fault.trigger.kind != FaultTrigger::Kind::none || fault.when)
        return usage_failure(attempt, "it is fired at once: it cannot wait for a moment",
                             "leave out `on` and `when`, or write it into the scenario");
    if (fault.name.empty()) fault.name = free_name(scenario_.faults);
    fault.trigger.kind = FaultTrigger::Kind::start;
    const std::string name = fault.name;
    Scenario changed = scenario_;
    changed.faults.push_back(std::move(fault));
    NETCUT_TRY(check(changed));
    const FaultSpec& spec = changed.faults.back();
    if (changed.fabric.single_segments && !scenario_.fabric.single_segments)
        return usage_failure(attempt, "its links must be laid for faults that tell packets apart",
                             "write it into the scenario");
    const auto needs = needs_of(changed, spec);
    if (needs.contains(Need::packet_log) && !faults_->sees_packets())
        return usage_failure(attempt, "what it answers must be watched for from the start",
                             "write it into the scenario");
    NETCUT_ASSIGN(FaultPlan plan, plan_of(changed, spec));
    NETCUT_TRY(faults_->lay_another(plan));
    scenario_ = std::move(changed);
    NETCUT_TRY(rewrite_scenario());
    NETCUT_ASSIGN(FaultRunner * added, faults_->add(plan));
    NETCUT_TRY(added->fire_now());
    return name;
}

// What is carried out is what the run leaves.
Result<void> Engine::Impl::rewrite_scenario() {
    const std::string scenario = write_yaml(scenario_);
    journal_->add(event::ScenarioChanged{sha256_hex(scenario)});
    return folder_.write_file("scenario.yaml", scenario);
}

Result<void> Engine::Impl::signal(const std::string& node, int number) {
    const std::string attempt = fmt::format("send signal {} to {}", number, node);
    NETCUT_TRY(must_run(attempt));
    NETCUT_ASSIGN(const std::size_t index, nodes_->find_running(node, attempt));
    journal_->add(event::NodeSignalled{number}, {.node = node});
    nodes_->signal(index, number);
    return {};
}

Result<Node*> Engine::Impl::execute(const std::string& node, CommandSpec command, Node::Observer observer) {
    const std::string attempt = "run a command beside " + node;
    NETCUT_TRY(must_run(attempt));
    NETCUT_ASSIGN(const std::size_t index, nodes_->find_running(node, attempt));
    NETCUT_TRY(check_command(command, attempt));
    return nodes_->execute(index, std::move(command), std::move(observer));
}

}  // namespace netcut
