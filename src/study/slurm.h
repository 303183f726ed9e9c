// SPDX-License-Identifier: Apache-2.0
//
// Slurm as an engine for many runs: an array job whose tasks work on one folder. Its own programs are run, as the user.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "user/user.h"

namespace netcut {

struct SlurmOptions {
    std::string partition{};  // empty: Slurm's default
    unsigned tasks = 4;       // of the array
};

// The script of one task: `command` in `folder`. Words are quoted, so that a shell takes none of them apart.
std::string slurm_script(const std::vector<std::string>& command, const std::string& folder);
// The words of sbatch(1) that submit this script. A task whose node dies is queued again.
std::vector<std::string> sbatch_words(const SlurmOptions& options, const std::string& name,
                                      const std::string& script, const std::string& output);
// The words before a command that make a job of it, which is waited for: srun(1). An error: the user has no srun.
Result<std::vector<std::string>> srun_words(const SlurmOptions& options, const User& user);

// Submits; the number of the job.
Result<std::string> submit_to_slurm(const std::vector<std::string>& sbatch, const User& user);
// Whether some of its tasks wait or run. An error: Slurm does not answer.
Result<bool> is_in_queue(const std::string& job, const User& user);

}  // namespace netcut
