// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/ci_output.h"
#include "cli/options.h"
#include "scenario/scenario.h"

namespace netcut::cli {

// `netcut-fl run --repeat N`: how often the run does what is expected of it. Returns the exit status.
Result<int> run_repeatedly(const RunOptions& options, const Scenario& scenario, CiOutput& ci);

}  // namespace netcut::cli
