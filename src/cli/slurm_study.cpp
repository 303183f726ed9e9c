// SPDX-License-Identifier: Apache-2.0
#include "cli/slurm_study.h"

#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>

#include "cli/many_options.h"
#include "cli/option_values.h"
#include "cli/screen.h"
#include "folder/shared_files.h"

namespace netcut::cli {
namespace {

constexpr auto between_looks = std::chrono::seconds(1);
constexpr auto between_questions = std::chrono::seconds(10);  // to Slurm

// The command that each task is: this one, without what is of the submission.
Result<std::vector<std::string>> task_of(const StudyOptions& options, const StudyJob& job,
                                         const std::string& folder) {
    NETCUT_ASSIGN(const std::string program, this_program());
    std::vector<std::string> words = {program, job.command, std::filesystem::absolute(options.file), "--out",
                                      folder};
    for (const auto& [option, value] :
         {std::pair("--jobs", options.jobs), std::pair("--keep", options.keep),
          std::pair("--max-runs", options.most_runs), std::pair("--lease", options.lease)})
        if (value) words.insert(words.end(), {option, *value});
    for (const std::string& pair : options.sets) words.insert(words.end(), {"--set", pair});
    return words;
}

// Waits between looks; the number of a signal, or 0.
int pause_between_looks() {
    boost::asio::io_context io;
    boost::asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);
    boost::asio::steady_timer timer(io, between_looks);
    int found = 0;
    signals.async_wait([&](boost::system::error_code error, int signal) {
        if (error) return;
        found = signal;
        timer.cancel();
    });
    timer.async_wait([&](boost::system::error_code) { signals.cancel(); });
    io.run();
    return found;
}

// How many runs are missing, by the rows that there are.
std::size_t missing_runs(const StudyJob& job, const StudyRows& rows) {
    CellProgress progress(job.design);
    progress.update(rows);
    std::size_t missing = 0;
    for (const StudyRunKey& run : order_of(job.design))
        if (progress.wants(run) && (!job.wanted || job.wanted(run.cell)) &&
            !rows.contains(key_text(job.design, run)))
            ++missing;
    return missing;
}

// Shows what has come since the last time.
std::size_t show_progress(const StudyJob& job, const StudyStore& store, std::size_t shown, bool quiet) {
    const std::size_t rows = store.rows().size();
    if (rows == shown || quiet) return rows;
    const std::size_t missing = missing_runs(job, store.rows());
    show("[{} of {}]\n", rows, rows + missing);
    std::fflush(stdout);
    return rows;
}

}  // namespace

Result<SlurmOptions> slurm_options_of(const std::optional<std::string>& engine,
                                      const std::optional<std::string>& partition,
                                      const std::optional<std::string>& tasks) {
    SlurmOptions slurm;
    if (*engine != "slurm")
        return usage_failure("make the runs on '" + *engine + "'", "the only engine is slurm",
                             "write --on slurm");
    if (partition) slurm.partition = *partition;
    NETCUT_TRY(set_count(slurm.tasks, "--tasks", tasks));
    if (slurm.tasks == 0)
        return usage_failure("make the runs in 0 tasks", "nothing would ever be done", "write --tasks 4");
    return slurm;
}

Result<int> make_runs_on_slurm(const StudyOptions& options, const StudyJob& job, StudyStore& store) {
    NETCUT_ASSIGN(const SlurmOptions slurm, slurm_options_of(options.on, options.partition, options.tasks));
    const RunFolder& folder = store.folder();
    NETCUT_TRY(folder.make_folder("tasks"));
    NETCUT_ASSIGN(const std::vector<std::string> task, task_of(options, job, folder.path()));
    const std::string script = folder.path() + "/tasks/task.sh";
    NETCUT_TRY(
        write_shared_file(folder, "tasks/task.sh", slurm_script(task, std::filesystem::current_path())));
    NETCUT_ASSIGN(const std::string number,
                  submit_to_slurm(sbatch_words(slurm, "netcut-fl " + job.design.name, script,
                                               folder.path() + "/tasks/%a.txt"),
                                  folder.user()));
    if (!options.json)
        show("job {} of Slurm: {} tasks; what they print is in {}/tasks\n", number, slurm.tasks,
             folder.path());
    std::fflush(stdout);
    if (options.detached) return 0;
    std::size_t shown = 0;
    for (auto asked = Clock::now();;) {
        NETCUT_TRY(store.refresh());
        shown = show_progress(job, store, shown, options.json);
        if (missing_runs(job, store.rows()) == 0) return 0;
        if (Clock::now() - asked > between_questions) {
            asked = Clock::now();
            NETCUT_ASSIGN(const bool there, is_in_queue(number, folder.user()));
            if (!there) return 0;  // the rows show whether it is done
        }
        if (const int signal = pause_between_looks(); signal != 0) {
            complain("job {} goes on without being watched; scancel {} ends it", number, number);
            return signal;
        }
    }
}

}  // namespace netcut::cli
