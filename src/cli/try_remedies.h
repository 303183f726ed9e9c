// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/recorded_run.h"
#include "cli/why_command.h"
#include "why/cause.h"

namespace netcut::cli {

// Makes the recorded run again with each remedy that can be tried, and prints what each ended with. Returns the exit
// status.
Result<int> try_remedies(const WhyOptions& options, const RecordedRun& recorded, const Explanation& why);

}  // namespace netcut::cli
