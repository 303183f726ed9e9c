// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <set>
#include <vector>

#include "base/error.h"
#include "fabric/fabric.h"
#include "phase/phase.h"
#include "phase/phase_watch.h"
#include "record/event.h"
#include "run/run_context.h"

namespace netcut {

// What the nodes do, as samples of their traffic show it, goes into the journal. Nodes are given by their index in the
// fabric.
class RunPhases {
  public:
    // `fabric` must outlive it. `awaited`: nodes whose phases faults wait for; `on_state` sees these nodes as they are in each sample.
    RunPhases(const RunContext& run, const Fabric& fabric, std::set<std::size_t> awaited,
              std::function<void(std::size_t node, const PhaseWatch::State&)> on_state);

    Result<void> start() { return watch_.start(); }
    void stop() { watch_.stop(); }
    void node_runs(std::size_t node, pid_t pid) { watch_.node_runs(node, pid); }
    void node_ended(std::size_t node) { watch_.node_ended(node); }
    // How long nodes had no CPU so far.
    Nanoseconds starved() const { return watch_.starved(); }
    // While its network is changed the node is not looked at.
    Result<void> change_network(std::size_t node, const std::function<Result<void>()>& change) {
        return watch_.change_network(node, change);
    }
    std::vector<event::PhaseSeen> now(const std::vector<std::size_t>& nodes) const;

  private:
    void note(std::size_t node, const PhaseInterval& interval);
    void note(const PhaseWatch::Traffic& traffic);
    void note(std::size_t node, const ConnectionChanges::Told& told);

    const RunContext& run_;
    PhaseWatch watch_;
};

}  // namespace netcut
