// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/options.h"
#include "scenario/scenario.h"

namespace netcut::cli {

// --twins N: makes what undisturbed runs of the scenario showed part of it; nothing without that option. 0, or the number of
// the signal that ended them.
Result<int> compare_with_twins(const RunOptions& options, Scenario& scenario, bool quiet);

}  // namespace netcut::cli
