// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "cli/options.h"
#include "explore/cut_kind.h"
#include "explore/run_pool.h"
#include "folder/folder.h"
#include "scenario/scenario.h"

namespace netcut::cli {

// Options of the commands that make many runs.
struct ManyOptions {
    RunOptions run;
    std::vector<std::string> moments{}, kinds{};
    std::optional<std::string> jobs{}, repeat{};
    std::optional<std::string> on{}, partition{};  // an engine that makes the runs
    bool json = false;
};
void add_many_options(CLI::App& command, ManyOptions& options);

Result<unsigned> jobs_of(const ManyOptions& options);
// Lets the engine that --on names make the pool's runs.
Result<void> use_engine(const ManyOptions& options, const User& user, RunPool& pool);
Result<unsigned> repeats_of(const ManyOptions& options);
Result<std::vector<CutKind>> kinds_of(const ManyOptions& options);
// The scenario's experiments, or those that --moments names.
Result<std::vector<ExperimentSpec>> moments_of(const Scenario& scenario, const ManyOptions& options);

// The folder of all runs, as the user who asked.
Result<RunFolder> make_folder(const ManyOptions& options, const Scenario& scenario, const std::string& name);
Result<std::string> this_program();
// What a page of many runs says of where it is from: `about`, with `made`, `netcut_fl`, `kernel`, `command`.
Json with_about(Json data);
// Says how to go on; returns the exit status.
int tell_stopped(int signal, const RunFolder& folder);

}  // namespace netcut::cli
