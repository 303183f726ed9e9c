// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "scenario/expand.h"
#include "scenario/scenario.h"
#include "stage/inputs.h"
#include "stage/program.h"
#include "user/user.h"

namespace netcut {

// Runs the commands of stages, as the user and in the workspace.
struct StageContext {
    const Scenario& scenario;
    const User& user;
    const std::string& program_folder;
    int signal = 0;  // that was sent to us: what ran was ended, and nothing more is begun

    using Listener = std::function<void(const std::string&)>;

    ExpandContext expand(unsigned index) const;
    // A command that fails is an error with the end of what it printed.
    Result<void> carry_out(const StageSpec& stage, const StageCommand& command, const Listener& listener);
    // Whether a command succeeds; one that is not there does not. `stage`: whose log it writes to; empty:
    // none.
    Result<bool> succeeds(const std::vector<std::string>& command, const std::string& stage);
    Result<void> add_version(Dependencies& dependencies, const StageSpec& stage);

  private:
    Result<bool> is_wanted(const StageSpec& stage, const StageCommand& command);
    Result<void> run_one(const StageSpec& stage, const StageCommand& command, unsigned index,
                         const Listener& listener);
    Result<Program> program(const std::vector<std::string>& words, unsigned index) const;
};

}  // namespace netcut
