// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fault/plan.h"
#include "phase/phase_watch.h"
#include "record/event.h"
#include "run/fault_network.h"
#include "run/fault_runner.h"
#include "run/phase_trigger.h"
#include "run/run_context.h"
#include "scenario/expand.h"
#include "scenario/fault_spec.h"
#include "scenario/triggers.h"
#include "trigger/line_scanner.h"

namespace netcut {

// The faults of a run: one table of rules, the life of each fault, and what triggers them. Nodes are given by their index
// in the fabric.
class RunFaults {
  public:
    struct Observer {
        std::function<bool()> is_under_way;  // faults act
        std::function<void(const FaultRunner&)> fired, healed;
        std::function<std::vector<event::PhaseSeen>(const std::vector<std::size_t>& nodes)> phases;  // now
    };
    // All that is given by reference must outlive it.
    RunFaults(const RunContext& run, FaultNetwork& network, ProcessControl processes, Observer observer);

    // Before the nodes run, in this order: the rules are laid, and the faults wait.
    Result<void> lay();
    Result<void> prepare();
    // One more, in two steps: its rules, and when the scenario has it as its last one, the fault itself.
    Result<void> lay_another(const FaultPlan& plan) { return network_.add(plan); }
    Result<FaultRunner*> add(const FaultPlan& plan);

    const std::vector<std::unique_ptr<FaultRunner>>& all() const { return runners_; }
    bool any_has_fired() const;
    bool any_will_heal() const;  // or is on its way
    bool sees_packets() const { return sees_packets_; }
    Result<FaultRunner*> find(const std::string& name) const;
    // Faults of names that are on, and hit this node.
    std::vector<const FaultSpec*> taking_names_of(std::size_t node) const;
    // Whose phases are waited for.
    std::set<std::size_t> nodes_with_phases() const;

    // Files in which faults wait for a line of this node, each once.
    std::vector<std::string> files_of(const ExpandContext& node) const;
    // What of a node's output triggers a fault: of any, or of such a file.
    void watch(LineScanner& scanner, const std::string& node);
    void watch_file(LineScanner& scanner, const std::string& file, const ExpandContext& node);

    void run_begins();
    void nodes_work();  // from now on
    void on_round(std::size_t node);
    void on_progress(const std::string& value);
    void on_state(std::size_t node, const PhaseWatch::State& state);
    void on_paused(std::size_t node, const Pause& pause);
    void node_ended(std::size_t node);
    // No more phases, then no more faults, then no more packets.
    void end_phases();
    void finish();
    void finish_packets() { network_.finish_packets(); }

  private:
    Result<void> watch_packets();
    Result<void> write_lists(const FaultSpec& fault, const FaultPlan& plan);
    Result<void> write_loss_lists(const FaultSpec& fault, const FaultPlan& plan);
    Result<void> add_runner(std::size_t fault);
    Result<void> write_hold_lists(const FaultSpec& fault, const FaultPlan& plan);
    void watch_for(LineScanner& scanner, FaultRunner& fault);
    void trigger_others(FaultTrigger::Kind kind, const FaultRunner& runner);
    void on_tripped(FaultRunner& runner, const std::string& packet, unsigned bytes, Nanoseconds when);

    const RunContext& run_;
    FaultNetwork& network_;
    const ProcessControl processes_;
    Observer observer_;
    std::vector<std::unique_ptr<FaultRunner>> runners_;
    std::vector<std::unique_ptr<PhaseTrigger>> phase_triggers_;
    bool sees_packets_ = false;  // of which the kernel tells
};

}  // namespace netcut
