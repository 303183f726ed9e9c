// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "node/exit_status.h"
#include "node/node.h"
#include "run/run_context.h"

namespace netcut {

// The scenario's own command, which runs before the nodes, in a network of its own.
class Preparation {
  public:
    // `ended`: without success, with an error that says what it printed last.
    Preparation(const RunContext& run, std::function<void(Result<void>)> ended)
        : run_(run), ended_(std::move(ended)) {}

    Result<void> start();
    bool runs() const { return command_ && command_->running(); }
    void kill() {
        if (command_) command_->kill();
    }

  private:
    void on_exit(ExitStatus status);

    const RunContext& run_;
    std::function<void(Result<void>)> ended_;
    std::unique_ptr<Node> command_;
    std::string tail_;  // the end of what it printed
};

}  // namespace netcut
