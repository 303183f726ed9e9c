// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/study_runs.h"
#include "study/slurm.h"

namespace netcut::cli {

Result<SlurmOptions> slurm_options_of(const std::optional<std::string>& engine,
                                      const std::optional<std::string>& partition,
                                      const std::optional<std::string>& tasks);
// Submits tasks that work on the store's folder, and shows the rows as they come, until none is missing. A signal ends the
// waiting alone. 0, or the number of the signal.
Result<int> make_runs_on_slurm(const StudyOptions& options, const StudyJob& job, StudyStore& store);

}  // namespace netcut::cli
