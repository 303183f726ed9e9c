// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "node/stream.h"
#include "run/run_context.h"
#include "run/stack_seeker.h"

namespace netcut {

// Where the programs of a hung run wait: found just before its nodes are ended.
class RunStacks {
  public:
    explicit RunStacks(const RunContext& run) : run_(run) {}

    // `nodes`: those that run. `done` is called when they may be asked to end.
    void start(std::vector<StackSeeker::NodeProcess> nodes, std::function<void()> done);
    // What a node prints.
    void take(std::size_t node, Stream stream, std::string_view bytes);
    // The journal has what was found. When the nodes have ended.
    void finish();

  private:
    const RunContext& run_;
    std::optional<StackSeeker> seeker_;
};

}  // namespace netcut
