// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/ci_output.h"
#include "cli/options.h"
#include "scenario/scenario.h"

namespace netcut::cli {

// `netcut-fl run --twin`, after a run that failed: the same run without its faults. Says whether it fails as well, so that the
// faults are not what it failed by.
// `scenario`: the run's, as it was read then.
Result<void> run_twin(const RunOptions& options, const Scenario& scenario, CiOutput& ci);

}  // namespace netcut::cli
