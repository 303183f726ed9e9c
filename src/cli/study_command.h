// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace netcut::cli {

// What commands that are made of a study have in common.
struct StudyOptions {
    std::string file;  // or the folder of a study
    std::optional<std::string> out, jobs, shard, keep, most_runs, lease;
    std::optional<std::string> on, partition, tasks;
    std::vector<std::string> sets{};  // parameters of the scenario
    bool plan = false, report = false, json = false, detached = false;
};

// `netcut-fl study FILE`: makes the runs that are missing; `study DIR --report`: the results of those that there are.
void add_study_options(CLI::App& command, StudyOptions& options);
int study_command(const StudyOptions& options);

// `netcut-fl plan FILE`: what a study would cost.
void add_plan_options(CLI::App& command, StudyOptions& options);
int plan_command(const StudyOptions& options);

struct MergeOptions {
    std::vector<std::string> folders;
    std::string out;
};
// `netcut-fl merge DIR... --out DIR`: the rows of shards, in one folder.
void add_merge_options(CLI::App& command, MergeOptions& options);
int merge_command(const MergeOptions& options);

}  // namespace netcut::cli
