// SPDX-License-Identifier: Apache-2.0
#include "cli/study_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/many_options.h"
#include "cli/many_screen.h"
#include "cli/option_values.h"
#include "cli/screen.h"
#include "cli/slurm_study.h"
#include "cli/stage_commands.h"
#include "explore/run_pool.h"
#include "folder/shared_files.h"
#include "run/engine.h"
#include "stage/stages.h"
#include "study/packer.h"

namespace netcut::cli {
namespace {

constexpr int machine_status = 3;

// "2/5"
Result<Shard> parse_shard(const std::string& text) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    const auto number = parse_count("--shard", text.substr(0, slash));
    const auto of = parse_count("--shard", text.substr(std::min(slash + 1, text.size())));
    if (!number || !of || *number == 0 || *number > *of)
        return usage_failure("make the shard '" + text + "'", "it is not of the form I/N with I from 1 to N",
                             "write --shard 1/4");
    return Shard{*number, *of};
}

Result<std::optional<unsigned>> at_once_of(const StudyOptions& options) {
    if (!options.jobs || *options.jobs == "auto") return std::optional<unsigned>();
    NETCUT_ASSIGN(const unsigned jobs, parse_count("--jobs", *options.jobs));
    if (jobs == 0)
        return usage_failure("make 0 runs at once", "nothing would ever be done", "write --jobs 2");
    return std::optional<unsigned>(jobs);
}

Result<StudyRunOptions> run_options_of(const StudyOptions& options, const StudyDesign& design) {
    StudyRunOptions run;
    NETCUT_ASSIGN(run.jobs, at_once_of(options));
    NETCUT_TRY(set_parsed(run.lease, "--lease", options.lease, parse_duration));
    if (run.lease < std::chrono::seconds(1))
        return usage_failure("give claims up after " + duration_text(run.lease), "that is too soon",
                             "write --lease 2m");
    if (!options.shard) return run;
    NETCUT_ASSIGN(run.shard, parse_shard(*options.shard));
    if (!design.until.empty())
        return usage_failure("make a shard of a study with until",
                             "a shard does not know the runs of the others, so that it cannot stop in time",
                             "leave until out, or let all machines work on one folder");
    return run;
}

// Rows that there are, if the folder has been begun.
StudyRows rows_so_far(const std::string& path, const User& user) {
    const auto folder = RunFolder::around_runs(path, user);
    if (!folder) return {};
    const auto store = StudyStore::open(*folder);
    return store ? store->rows() : StudyRows{};
}

// Each workspace once; cells that want one workspace to be in two ways cannot be.
Result<int> do_stages_of_cells(const StudyDesign& design, const User& user, bool quiet) {
    std::map<std::string, const StudyCell*> done;
    for (const StudyCell& cell : design.cells) {
        if (cell.scenario.stages.empty()) continue;
        const auto [first, is_new] = done.emplace(cell.scenario.workspace, &cell);
        if (!is_new) {
            NETCUT_ASSIGN(const std::string stage,
                          stage_that_differs(first->second->scenario, cell.scenario));
            if (stage.empty()) continue;
            return usage_failure(
                fmt::format("do the stages of the cell {} ({})", cell.id, cell.text()),
                fmt::format("its stage {} differs from that of the cell {}, and both have the "
                            "workspace {}",
                            stage, first->second->id, cell.scenario.workspace),
                "let the factor set `workspace`, too");
        }
        NETCUT_ASSIGN(const int signal, do_stages(RunOptions{}, cell.scenario, user, quiet));
        if (signal != 0) return signal;
    }
    return 0;
}

Result<int> make_runs(const StudyOptions& options, const StudyJob& job, StudyStore& store) {
    NETCUT_ASSIGN(StudyRunOptions run_options, run_options_of(options, job.design));
    run_options.wanted = job.wanted;
    NETCUT_ASSIGN(const std::string program, this_program());
    RunPool pool(store.folder(), program, run_options.jobs.value_or(Packer::most_at_once), true);
    ManyScreen screen(pool, options.json);
    StudyRunner runner(job.design, store, pool, run_options,
                       [&screen](const std::string& line) { screen.tell(line); });
    NETCUT_ASSIGN(const int signal, runner.run());
    if (signal == 0 && runner.budget_is_used())
        screen.tell("the budget is used; the same command makes the runs that are missing");
    return signal;
}

// Hours later would be too late to learn that the machine cannot make some of the cells.
Result<void> begin_machine(const StudyOptions& options, const StudyDesign& design) {
    if (options.on) return {};  // the runs are made elsewhere
    for (const StudyCell& cell : design.cells)
        if (auto can = preflight(cell.scenario); !can) {
            Error error = std::move(can).error();
            error.attempt =
                fmt::format("make the cell {} ({}) of the study: {}", cell.id, cell.text(), error.attempt);
            return Failure(std::move(error));
        }
    return {};
}

int show_plan(const StudyPlan& plan, bool json) {
    if (json)
        show("{}\n", plan.to_json().dump(2));
    else
        show("{}", plan.to_text());
    return 0;
}

}  // namespace

std::string folder_of_study(const StudyOptions& options, const StudyDesign& design) {
    if (options.out) return *options.out;
    std::string name = design.name;
    std::replace(name.begin(), name.end(), ' ', '-');
    return "netcut-studies/" + name;
}

Result<StudyPlan> make_plan(const StudyOptions& options, const StudyDesign& design) {
    NETCUT_ASSIGN(const User user, find_caller(design.cells.front().scenario.user));
    NETCUT_ASSIGN(const std::optional<unsigned> jobs, at_once_of(options));
    const auto cpus = static_cast<unsigned>(MachineRoom::here().cpus);
    const StudyPlan plan =
        plan_of(design, rows_so_far(folder_of_study(options, design), user), jobs.value_or(cpus));
    unsigned most = most_study_runs;
    NETCUT_TRY(set_count(most, "--max-runs", options.most_runs));
    if (plan.most_runs <= most || design.most_runs.value_or(most + 1) <= most) return plan;
    return usage_failure(fmt::format("make the study {}", design.name),
                         fmt::format("it has up to {} runs, and --max-runs allows {}", plan.most_runs, most),
                         "vary less, repeat less, or give a larger --max-runs");
}

Result<void> apply_keep(const StudyOptions& options, StudyDesign& design) {
    if (!options.keep) return {};
    const auto keep = parse_word<KeepRuns>(*options.keep);
    if (!keep)
        return usage_failure("keep '" + *options.keep + "'", "there is no such choice",
                             "write --keep failed, all or none");
    design.keep = *keep;
    return {};
}

int status_of_rows(const StudyRows& rows) {
    for (const auto& [key, row] : rows)
        if (row.machine == MachineWord::error) return machine_status;
    return 0;
}

Result<int> report_study(const StudyOptions& options,
                         const std::function<Result<void>(const StudyStore& store, bool json)>& finish) {
    NETCUT_ASSIGN(const User user, find_caller(""));
    NETCUT_ASSIGN(RunFolder folder, RunFolder::around_runs(options.file, user));
    NETCUT_ASSIGN(const StudyStore store, StudyStore::open(std::move(folder)));
    if (const std::string kind = store.design().value("kind", ""); kind != StudyDesign().kind)
        return usage_failure("write the results of a study in " + options.file, "these are of a " + kind,
                             fmt::format("netcut-fl {} {} --report", kind, options.file));
    NETCUT_TRY(store.write_results());
    NETCUT_TRY(finish(store, options.json));
    return status_of_rows(store.rows());
}

Result<int> run_study(const StudyOptions& options, const StudyJob& job) {
    NETCUT_ASSIGN(const StudyPlan plan, make_plan(options, job.design));
    if (options.plan) return show_plan(plan, options.json);
    const Scenario& first = job.design.cells.front().scenario;
    NETCUT_ASSIGN(const User user, find_caller(first.user));
    NETCUT_TRY(begin_machine(options, job.design));
    NETCUT_ASSIGN(RunFolder folder, make_shared_folder(folder_of_study(options, job.design), user));
    NETCUT_ASSIGN(const int signal_of_stages, job.stages
                                                  ? job.stages(user, options.json)
                                                  : do_stages_of_cells(job.design, user, options.json));
    if (signal_of_stages != 0) return 128 + signal_of_stages;
    NETCUT_ASSIGN(StudyStore store, StudyStore::begin(std::move(folder), job.design, job.text));
    NETCUT_ASSIGN(const int signal,
                  options.on ? make_runs_on_slurm(options, job, store) : make_runs(options, job, store));
    NETCUT_TRY(store.refresh());
    NETCUT_TRY(store.write_results());
    if (signal != 0) return tell_stopped(signal, store.folder());
    NETCUT_TRY(job.finish(store, options.json));
    return status_of_rows(store.rows());
}

}  // namespace netcut::cli
