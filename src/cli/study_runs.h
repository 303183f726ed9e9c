// SPDX-License-Identifier: Apache-2.0
//
// What is done with a design, by `study` and by other commands that make one.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "cli/study_command.h"
#include "study/design.h"
#include "study/plan.h"
#include "study/runner.h"
#include "study/store.h"

namespace netcut::cli {

inline constexpr unsigned most_study_runs = 10'000;  // unless --max-runs says another number

struct StudyJob {
    std::string command;  // the word on the command line that makes this job of options.file again: "study"
    StudyDesign design{};
    std::string text{};  // of its file
    // Writes the results into the store's folder, beside results.csv and study.json, and shows them.
    std::function<Result<void>(const StudyStore& store, bool json)> finish{};
    std::function<bool(std::size_t cell)> wanted{};  // of a cell of the design; empty: all
    // In place of the stages of each cell; 0, or the number of a signal.
    std::function<Result<int>(const User& user, bool quiet)> stages{};
};

// The folder that --out names, or netcut-studies/NAME.
std::string folder_of_study(const StudyOptions& options, const StudyDesign& design);
// What the missing runs cost; an error of the kind usage: there are more than --max-runs.
Result<StudyPlan> make_plan(const StudyOptions& options, const StudyDesign& design);
Result<void> apply_keep(const StudyOptions& options, StudyDesign& design);
// With --plan shows the plan; with --on slurm submits; else makes the missing runs. The exit status.
Result<int> run_study(const StudyOptions& options, const StudyJob& job);
// --report: of the folder `options.file`. `finish`: as in StudyJob.
Result<int> report_study(const StudyOptions& options,
                         const std::function<Result<void>(const StudyStore& store, bool json)>& finish);
// 0, or 3 if the machine spoiled runs.
int status_of_rows(const StudyRows& rows);

}  // namespace netcut::cli
