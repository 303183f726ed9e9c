// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include "cli/bisect_command.h"
#include "cli/catalogue_commands.h"
#include "cli/check_command.h"
#include "cli/compare_command.h"
#include "cli/experiments_command.h"
#include "cli/explore_command.h"
#include "cli/init_command.h"
#include "cli/inside_commands.h"
#include "cli/matrix_command.h"
#include "cli/reduce_command.h"
#include "cli/replay_command.h"
#include "cli/report_command.h"
#include "cli/run_command.h"
#include "cli/schema_command.h"
#include "cli/stage_commands.h"
#include "cli/study_command.h"
#include "cli/trace_command.h"
#include "cli/verify_command.h"
#include "cli/why_command.h"
#include "help/manual.h"

namespace netcut::cli {
namespace {

// For packages; help does not list it.
Action add_manual(CLI::App& command) {
    command.group("");
    const auto folder = std::make_shared<std::string>();
    command.add_option("DIR", *folder, "The folder for them")->required();
    return [folder, app = command.get_parent()] {
        const auto written = write_manual(*app, *folder);
        return written ? 0 : report_error(written.error());
    };
}

void append(std::vector<Command>& all, std::vector<Command> more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

std::vector<Command> all_commands() {
    std::vector<Command> all = {
        {"run", "Run a federation, cut it, heal it, and judge it",
         with_options(add_run_options, run_command)},
        {"check", "Say what is wrong with a scenario file, without running it",
         with_options(add_check_options, check_command)},
        {"experiments", "Cut a federation at each moment of its work, and print the table of outcomes",
         with_options(add_experiments_options, experiments_command)},
        {"explore", "Find the shortest outage that a federation does not survive",
         with_options(add_explore_options, explore_command)},
        {"matrix", "Run versions of frameworks with each cut at each moment, and make a page of the outcomes",
         with_options(add_matrix_options, matrix_command)},
        {"compare", "Say what changed between two sets of results, and whether it is more than chance",
         with_options(add_compare_options, compare_command)},
        {"bisect", "Find the two versions between which an outcome changed",
         with_options(add_bisect_options, bisect_command)},
        {"study", "Make many runs of one scenario with some of its keys varied, and their statistics",
         with_options(add_study_options, study_command)},
        {"plan", "Say how many runs a study or a matrix has, how long they take, and how much disk",
         with_options(add_plan_options, plan_command)},
        {"merge", "Put the rows of a study's shards together",
         with_options(add_merge_options, merge_command)},
        {"reduce", "Find the few faults of a failed run that make it fail",
         with_options(add_reduce_options, reduce_command)},
        {"replay", "Repeat a run, and say where it goes another way",
         with_options(add_replay_options, replay_command)}};
    append(all, stage_commands());
    append(all, {{"init", "Write a scenario file for what is in this folder",
                  with_options(add_init_options, init_command)},
                 {"report", "Make the report.html of an earlier run again",
                  with_options(add_report_options, report_command)},
                 {"faults", "List the faults, with an example of each",
                  with_options(add_faults_options, faults_command)},
                 {"trace", "Print a trace of a link that a model and a seed make",
                  with_options(add_trace_options, trace_command)},
                 {"schema", "Print the JSON Schema of scenario files, verdicts, journals or records",
                  with_options(add_schema_options, schema_command)},
                 {"doctor", "Say what this kernel and this user can do, and why not",
                  with_options(add_doctor_options, doctor_command)},
                 {"verify", "Say whether the files that a run has left agree with each other",
                  with_options(add_verify_options, verify_command)},
                 {"why", "Say why a run hung, what shows that, and what would have helped",
                  with_options(add_why_options, why_command)}});
    append(all, inside_commands());
    append(all, {{"manual", "Write the manual pages", add_manual}});
    return all;
}

}  // namespace netcut::cli
