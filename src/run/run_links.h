// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "base/error.h"
#include "fabric/fabric.h"
#include "record/link_events.h"
#include "run/fault_network.h"
#include "run/link_player.h"
#include "run/run_context.h"
#include "scenario/link.h"

namespace netcut {

// What the links of nodes carry over time, where the scenario says so (`link:`), in the run and in its journal.
class RunLinks {
  public:
    // All must outlive it; `network` has been laid by prepare().
    RunLinks(const RunContext& run, Fabric& fabric, KernelFaultNetwork& network)
        : run_(run), fabric_(fabric), network_(network) {}

    // Before the nodes start: links are as at the beginning of their traces. The run's folder has a copy of each trace.
    Result<void> prepare();
    void start();  // time passes
    // The journal has what was done in all.
    void finish();

  private:
    Result<void> keep_traces() const;
    Result<event::LinkSide> told_of(const LinkSide& side, const std::string& node, bool up) const;
    void note(const LinkPlayer::Window& window);

    const RunContext& run_;
    Fabric& fabric_;
    KernelFaultNetwork& network_;
    std::vector<LinkPlayer::Side> sides_;
    std::optional<LinkPlayer> player_;
    Clock::time_point begun_{};
    bool ending_ = false;
};

}  // namespace netcut
