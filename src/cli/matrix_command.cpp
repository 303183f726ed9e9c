// SPDX-License-Identifier: Apache-2.0
#include "cli/matrix_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "cli/many_options.h"
#include "cli/many_screen.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "cli/stage_commands.h"
#include "cli/study_runs.h"
#include "explore/experiments.h"
#include "explore/phase_moments.h"
#include "explore/run_pool.h"
#include "explore/search.h"
#include "folder/run_files.h"
#include "folder/shared_files.h"
#include "matrix/history.h"
#include "matrix/matrix_design.h"
#include "matrix/matrix_file.h"
#include "matrix/matrix_result.h"
#include "page/html_page.h"
#include "results/read.h"
#include "scenario/input.h"
#include "study/claims.h"
#include "study/store.h"
#include "user/as_user.h"

namespace netcut::cli {
namespace {

constexpr int first_signal_status = 128;
constexpr const char* not_prepared_file = "not-prepared.json";
constexpr std::size_t most_small_file = std::size_t{16} << 20;  // bytes

struct LoadedMatrix {
    MatrixSpec spec{};
    StudyDesign design{};
    std::string text{};
};

Result<LoadedMatrix> load_matrix(const StudyOptions& options) {
    NETCUT_ASSIGN(const User caller, find_user(""));
    const AsUser as_caller(caller);
    LoadedMatrix matrix;
    NETCUT_ASSIGN(matrix.text, read_input(options.file, Input::file_or_pipe, most_scenario));
    std::map<std::string, std::string> parameters;
    NETCUT_TRY(add_pairs(parameters, "--set", options.sets));
    NETCUT_ASSIGN(matrix.spec, read_matrix(matrix.text, options.file, parameters));
    NETCUT_ASSIGN(matrix.design, design_of(matrix.spec));
    NETCUT_TRY(apply_keep(options, matrix.design));
    return matrix;
}

std::string explored_folder(const MatrixVersion& version) {
    return "explore/" + run_id(version.framework, version.version, 1);
}

// What was found out when the matrix was run, beside its rows.
Result<MatrixExtras> read_extras(const RunFolder& folder, const MatrixSpec& spec) {
    MatrixExtras extras;
    if (const auto text = read_whole(folder, not_prepared_file, most_small_file)) {
        NETCUT_ASSIGN(const Json failures, parse_json(*text, std::string("read ") + not_prepared_file));
        for (const auto& [version, why] : failures.items())
            if (why.is_string()) extras.not_prepared[version] = why.get<std::string>();
    }
    for (const MatrixVersion& version : spec.versions) {
        const std::string file = explored_folder(version) + "/map.json";
        const auto text = read_whole(folder, file, most_small_file);
        if (!text) continue;
        NETCUT_ASSIGN(extras.maps[version.text()], parse_json(*text, "read " + file));
    }
    return extras;
}

// result.json and index.html, of all that the folder has.
Result<Json> write_matrix(const StudyStore& store, const LoadedMatrix& matrix) {
    const RunFolder& folder = store.folder();
    NETCUT_ASSIGN(MatrixExtras extras, read_extras(folder, matrix.spec));
    const ResultSet results = results_of_rows(store.rows(), matrix.design.name);
    extras.history = find_history(folder.path(), matrix.design.name, results.first_started(), folder.user());
    Json result = matrix_result(matrix.spec, matrix.design, results, extras);
    NETCUT_TRY(write_shared_file(folder, "result.json",
                                 result.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
    NETCUT_TRY(write_shared_file(folder, "index.html", html_page(with_about(result))));
    return result;
}

// The stages of each version. One whose stages fail is unsupported, and the others are run.
Result<int> prepare_versions(const LoadedMatrix& matrix, const RunFolder& folder, bool quiet) {
    Json failures = Json::object();
    for (const MatrixVersion& version : matrix.spec.versions) {
        const auto done = do_stages(RunOptions{}, version.base, folder.user(), quiet);
        if (done && *done != 0) return *done;
        if (done) continue;
        if (!quiet) show("{} is unsupported: {}\n", version.text(), done.error().text());
        failures[version.text()] = done.error().text();
    }
    NETCUT_TRY(write_shared_file(folder, not_prepared_file,
                                 failures.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
    return 0;
}

// Versions that are supported, as far as is known: by MatrixVersion::text().
Result<std::set<std::string>> supported_versions(const RunFolder& folder, const MatrixSpec& spec) {
    NETCUT_ASSIGN(const MatrixExtras extras, read_extras(folder, spec));
    const auto store = StudyStore::open(folder);
    const ResultSet results = store ? results_of_rows(store->rows(), "") : ResultSet{};
    std::set<std::string> supported;
    for (const MatrixVersion& version : spec.versions)
        if (why_unsupported(version, results, extras).empty()) supported.insert(version.text());
    return supported;
}

ResilienceMap empty_map(const MatrixSpec& spec, const MatrixVersion& version) {
    ResilienceMap map;
    map.title = version.text();
    map.limit = spec.explore->most;
    std::vector<ExperimentSpec> known = version.base.experiments;
    const auto phases = phase_experiments();
    known.insert(known.end(), phases.begin(), phases.end());
    for (const std::string& moment : spec.moments) {
        const auto found = std::find_if(known.begin(), known.end(),
                                        [&](const ExperimentSpec& one) { return one.name == moment; });
        if (found != known.end()) map.rows.push_back(*found);
    }
    map.cells.resize(map.rows.size());
    for (auto& row : map.cells)
        for (const CutKind& kind : spec.kinds) row.emplace_back().cut = kind;
    return map;
}

// The shortest fatal outage of each moment and kind of one version. 0, or the number of a signal.
Result<int> explore_version(const StudyOptions& options, const MatrixSpec& spec, const MatrixVersion& version,
                            const RunFolder& around) {
    NETCUT_TRY(around.make_folder("explore"));
    NETCUT_ASSIGN(const RunFolder folder, RunFolder::of_many(around.path() + "/" + explored_folder(version),
                                                             "explore", around.user()));
    NETCUT_ASSIGN(const std::string program, this_program());
    ManyOptions many;
    if (options.jobs && *options.jobs != "auto") many.jobs = options.jobs;
    NETCUT_ASSIGN(const unsigned jobs, jobs_of(many));
    RunPool pool(folder, program, jobs, true);
    ResilienceMap map = empty_map(spec, version);
    int signal = 0;
    {
        ManyScreen screen(pool, options.json, true);
        NETCUT_TRY(netcut::search(pool, map, version.base, *spec.explore, [&](const std::string& line) {
            screen.tell(version.text() + " " + line);
        }));
        NETCUT_ASSIGN(signal, pool.run());
    }
    NETCUT_TRY(folder.write_file("map.json", map.to_json().dump(2) + "\n"));
    NETCUT_TRY(folder.write_file("report.html", html_page(with_about(map.to_json()))));
    return signal;
}

Result<int> explore_all(const StudyOptions& options, const MatrixSpec& spec, const RunFolder& folder) {
    NETCUT_ASSIGN(const auto supported, supported_versions(folder, spec));
    for (const MatrixVersion& version : spec.versions) {
        if (!supported.contains(version.text())) continue;
        NETCUT_ASSIGN(const int signal, explore_version(options, spec, version, folder));
        if (signal != 0) return signal;
    }
    return 0;
}

StudyJob job_of(const LoadedMatrix& matrix) {
    StudyJob job{"matrix"};
    job.design = matrix.design;
    job.text = matrix.text;
    job.finish = [](const StudyStore&, bool) { return Result<void>(); };
    job.stages = [](const User&, bool) { return Result<int>(0); };  // they have been done
    return job;
}

// First the undisturbed runs of each version; then the cells of those that are supported. The exit status of the last.
Result<int> run_cells(const StudyOptions& options, const LoadedMatrix& matrix, const RunFolder& folder) {
    StudyJob job = job_of(matrix);
    const auto of = [&](std::size_t cell) {
        return matrix.spec.versions[version_of(matrix.spec, matrix.design.cells[cell])].text();
    };
    if (!options.on) {  // a task of a cluster does both
        NETCUT_ASSIGN(const MatrixExtras extras, read_extras(folder, matrix.spec));
        job.wanted = [&, extras](std::size_t cell) {
            return is_undisturbed(matrix.design.cells[cell]) && !extras.not_prepared.contains(of(cell));
        };
        NETCUT_ASSIGN(const int status, run_study(options, job));
        if (status >= first_signal_status) return status;
        NETCUT_ASSIGN(const auto supported, supported_versions(folder, matrix.spec));
        job.wanted = [=](std::size_t cell) { return supported.contains(of(cell)); };
    }
    return run_study(options, job);
}

// One process at a time makes a search.
bool explores(const StudyOptions& options, const MatrixSpec& spec) {
    return spec.explore && !options.on && !options.shard && Claimant::self().task.empty();
}

Result<int> finish(const StudyOptions& options, const LoadedMatrix& matrix, const RunFolder& folder) {
    NETCUT_ASSIGN(const StudyStore store, StudyStore::open(folder));
    NETCUT_TRY(store.write_results());
    NETCUT_ASSIGN(const Json result, write_matrix(store, matrix));
    if (options.json)
        show("{}\n", result.dump(2, ' ', false, Json::error_handler_t::replace));
    else
        show("\n{}\nfiles   {}\n", matrix_text(result), folder.path());
    return exit_status_of_matrix(result);
}

// Of the folder of a matrix, the file that it keeps.
Result<StudyOptions> with_file(StudyOptions options) {
    NETCUT_ASSIGN(const User caller, find_user(""));
    const AsUser as_caller(caller);
    std::error_code none;
    if (!std::filesystem::is_directory(options.file, none)) return options;
    options.out = options.file;
    options.file += "/study.yaml";
    return options;
}

Result<int> try_matrix(const StudyOptions& given) {
    NETCUT_ASSIGN(const StudyOptions options, with_file(given));
    NETCUT_ASSIGN(const LoadedMatrix matrix, load_matrix(options));
    if (options.plan) return run_study(options, job_of(matrix));
    NETCUT_TRY(make_plan(options, matrix.design));  // before anything is done
    NETCUT_ASSIGN(const User user, find_caller(matrix.design.cells.front().scenario.user));
    NETCUT_ASSIGN(const RunFolder folder, make_shared_folder(folder_of_study(options, matrix.design), user));
    if (options.report) return finish(options, matrix, folder);
    NETCUT_ASSIGN(int signal, prepare_versions(matrix, folder, options.json));
    if (signal != 0) return tell_stopped(signal, folder);
    NETCUT_ASSIGN(const int status, run_cells(options, matrix, folder));
    if (status < first_signal_status && explores(options, matrix.spec)) {
        NETCUT_ASSIGN(signal, explore_all(options, matrix.spec, folder));
    }
    NETCUT_ASSIGN(const int outcome, finish(options, matrix, folder));
    if (signal != 0) return tell_stopped(signal, folder);
    return status >= first_signal_status ? status : outcome;
}

}  // namespace

void add_matrix_options(CLI::App& command, StudyOptions& options) {
    add_study_options(command, options);
    command.footer(
        "Example: netcut-fl matrix frameworks.yaml --out results/today\n"
        "Exit status: 0 all survived, 1 a run failed or a version is unsupported, 2 usage, 4 a moment never "
        "came.");
}

int matrix_command(const StudyOptions& options) {
    return end_with(try_matrix(options));
}

}  // namespace netcut::cli
