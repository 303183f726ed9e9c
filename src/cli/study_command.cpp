// SPDX-License-Identifier: Apache-2.0
#include "cli/study_command.h"

#include <fmt/format.h>

#include "cli/many_options.h"
#include "cli/option_values.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "cli/study_runs.h"
#include "folder/shared_files.h"
#include "matrix/matrix_design.h"
#include "matrix/matrix_file.h"
#include "page/html_page.h"
#include "results/read.h"
#include "results/study_page.h"
#include "scenario/input.h"
#include "study/facts.h"
#include "study/merge.h"
#include "study/study_file.h"
#include "study/summary.h"
#include "user/as_user.h"

namespace netcut::cli {
namespace {

std::string measure_to_show(const Json& design) {
    if (!design.at("until").empty()) return design.at("until").begin().key();
    if (!design.at("measures").empty()) return design.at("measures")[0].at("name").get<std::string>();
    return "recovery_s";
}

Result<void> show_results(const StudyStore& store, bool json) {
    const ResultSet results = results_of_rows(store.rows(), store.design().at("name").get<std::string>());
    const Json page = with_about(study_page(results, study_facts(store.design(), store.rows())));
    NETCUT_TRY(write_shared_file(store.folder(), "index.html", html_page(page)));
    if (json)
        show("{}\n", study_facts(store.design(), store.rows()).dump(2));
    else
        show("\n{}\nfiles   {}\n", cells_text(store.design(), store.rows(), measure_to_show(store.design())),
             store.folder().path());
    return {};
}

Result<StudyDesign> read_design(const StudyOptions& options, const std::string& text) {
    std::map<std::string, std::string> parameters;
    NETCUT_TRY(add_pairs(parameters, "--set", options.sets));
    if (!options.plan || !is_matrix(text)) return read_study(text, options.file, parameters);
    NETCUT_ASSIGN(const MatrixSpec matrix, read_matrix(text, options.file, parameters));
    return design_of(matrix);
}

Result<StudyJob> load_study(const StudyOptions& options) {
    NETCUT_ASSIGN(const User caller, find_user(""));
    const AsUser as_caller(caller);
    StudyJob job{"study"};
    NETCUT_ASSIGN(job.text, read_input(options.file, Input::file_or_pipe, most_scenario));
    NETCUT_ASSIGN(job.design, read_design(options, job.text));
    NETCUT_TRY(apply_keep(options, job.design));
    job.finish = show_results;
    return job;
}

Result<int> try_study(const StudyOptions& options) {
    if (options.report) return report_study(options, show_results);
    NETCUT_ASSIGN(const StudyJob job, load_study(options));
    return run_study(options, job);
}

Result<int> try_merge(const MergeOptions& options) {
    NETCUT_ASSIGN(const User user, find_caller(""));
    NETCUT_ASSIGN(RunFolder target, make_shared_folder(options.out, user));
    NETCUT_ASSIGN(RunFolder first_folder, RunFolder::around_runs(options.folders.front(), user));
    NETCUT_ASSIGN(const StudyStore first, StudyStore::open(std::move(first_folder)));
    NETCUT_ASSIGN(StudyStore store, StudyStore::begin_copy(std::move(target), first));
    for (const std::string& path : options.folders) {
        NETCUT_ASSIGN(RunFolder folder, RunFolder::around_runs(path, user));
        NETCUT_ASSIGN(const StudyStore other, StudyStore::open(std::move(folder)));
        NETCUT_ASSIGN(const std::size_t count, merge_rows(store, other));
        show("{}: {} rows, {} of them new\n", path, other.rows().size(), count);
    }
    NETCUT_TRY(store.write_results());
    NETCUT_TRY(show_results(store, false));
    return status_of_rows(store.rows());
}

void add_file_and_place(CLI::App& command, StudyOptions& options, const char* file_is) {
    command.add_option("FILE", options.file, file_is)->type_name("")->required();
    Group group(command, "The runs");
    group.add("--out", options.out, "DIR", "The folder of the study (default: netcut-studies/NAME)");
    group.add("--set", options.sets, "NAME=VALUE", "Set a parameter of the scenario");
    group.add("--jobs", options.jobs, "N",
              "How many runs at once, or auto: as many as fit by what earlier runs used (default)");
    group.add("--max-runs", options.most_runs, "N",
              fmt::format("Refuse a study that may have more runs (default: {})", most_study_runs));
    group.add_flag("--json", options.json, "Print only the result, as JSON");
}

}  // namespace

void add_study_options(CLI::App& command, StudyOptions& options) {
    add_file_and_place(command, options, "A study in YAML (docs/studies.md), or with --report its folder");
    Group group(command, "The runs");
    group.add("--keep", options.keep, "failed|all|none", "The runs whose folders are kept");
    group.add("--shard", options.shard, "I/N", "Make only each Nth run, from the Ith on (netcut-fl merge)");
    group.add("--lease", options.lease, "TIME",
              "Make runs again that another process began and was silent about for so long (default: 2m)");
    group.add("--on", options.on, "slurm", "Let an array job of Slurm make the runs");
    group.add("--partition", options.partition, "NAME", "Of Slurm (default: its own)");
    group.add("--tasks", options.tasks, "N", "How many tasks the job has (default: 4)");
    group.add_flag("-d,--detach", options.detached, "Submit the job, and do not wait");
    group.add_flag("--plan", options.plan, "Only say what it costs, as netcut-fl plan does");
    group.add_flag("--report", options.report,
                   "Only write the results of the runs that there are; FILE is the study's folder");
    command.footer(
        "Example: netcut-fl study loss.yaml --out loss\n"
        "Exit status: 0 the runs are made, 2 usage, 3 the machine spoiled some of them.");
}

int study_command(const StudyOptions& options) {
    return end_with(try_study(options));
}

void add_plan_options(CLI::App& command, StudyOptions& options) {
    add_file_and_place(command, options, "A study (docs/studies.md) or a matrix (docs/matrix.md) in YAML");
    command.footer("Example: netcut-fl plan loss.yaml --jobs 4");
}

int plan_command(const StudyOptions& options) {
    StudyOptions plan = options;
    plan.plan = true;
    return end_with(try_study(plan));
}

void add_merge_options(CLI::App& command, MergeOptions& options) {
    command.add_option("DIR", options.folders, "Folders of one study")->type_name("")->required();
    Group(command, "The result").add("--out", options.out, "DIR", "The folder for the rows of all");
    command.get_option("--out")->required();
    command.footer("Example: netcut-fl merge shard1 shard2 --out all");
}

int merge_command(const MergeOptions& options) {
    return end_with(try_merge(options));
}

}  // namespace netcut::cli
