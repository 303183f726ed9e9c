// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "scenario/scenario.h"
#include "user/user.h"

namespace netcut::cli {

// Brings what the scenario needs before a run up to date; nothing if it has no stages. 0, or the number of
// the signal that ended it.
Result<int> do_stages(const RunOptions& options, const Scenario& scenario, const User& user, bool quiet);

struct TemplatesOptions {
    std::string name;  // empty: all
    std::vector<std::string> sets;
    bool check = false;
};

// templates, prepare, workspace, certify.
std::vector<Command> stage_commands();

// `netcut-fl templates [NAME] [--check [--set NAME=VALUE]]`.
int templates_command(const TemplatesOptions& options);

}  // namespace netcut::cli
