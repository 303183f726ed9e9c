// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/ci_output.h"
#include "cli/options.h"
#include "scenario/scenario.h"

namespace netcut::cli {

// Whether `run` is to be made by the daemon: it is asked for, or there is one and we are not root.
bool wants_daemon(const RunOptions& options);
// Makes the run there, as the user who calls. Returns the exit status: of the run, or of having started it.
Result<int> run_by_daemon(const RunOptions& options, const Scenario& scenario, CiOutput& ci);

}  // namespace netcut::cli
