// SPDX-License-Identifier: Apache-2.0
//
// What the command line does to nodes.
#pragma once

#include "base/error.h"
#include "cli/options.h"
#include "scenario/scenario.h"

namespace netcut::cli {

void add_cut_options(CLI::App& command, RunOptions& options);
// The options of a cut change the only fault that the scenario's file has, or add one.
Result<void> apply_cut(Scenario& scenario, const RunOptions& options);
// Each --fault is one more.
Result<void> apply_faults(Scenario& scenario, const std::vector<std::string>& texts);

}  // namespace netcut::cli
