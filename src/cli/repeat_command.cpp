// SPDX-License-Identifier: Apache-2.0
#include "cli/repeat_command.h"

#include <fmt/format.h>

#include "cli/many_options.h"
#include "cli/many_screen.h"
#include "cli/screen.h"
#include "cli/stage_commands.h"
#include "explore/outcome.h"
#include "explore/repeats.h"
#include "explore/run_pool.h"
#include "folder/folder.h"
#include "page/html_page.h"
#include "report/junit.h"

namespace netcut::cli {
namespace {

std::vector<JunitCase> cases_of_repeats(const Repeats& repeats) {
    std::vector<JunitCase> cases;
    for (const RunOutcome& run : repeats.runs) {
        const std::string message = fmt::format("{} {}", run.word(), run.detail());
        cases.push_back({fmt::format("run {}", cases.size() + 1), 0,
                         !run.judged()          ? JunitCase::Outcome::error
                         : run.exit_status == 0 ? JunitCase::Outcome::passed
                                                : JunitCase::Outcome::failed,
                         message, message + "\n"});
    }
    return cases;
}

Result<void> write_repeats(const RunFolder& folder, const Repeats& repeats) {
    NETCUT_TRY(folder.write_file("repeats.json", repeats.to_json().dump(2) + "\n"));
    NETCUT_TRY(folder.write_file("repeats.csv", repeats.to_csv()));
    NETCUT_TRY(folder.write_file("report.html", html_page(with_about(repeats.to_json()))));
    return folder.write_file("junit.xml", junit_xml(repeats.title, cases_of_repeats(repeats)));
}

// Submits all runs; `repeats` must stay where it is until the pool has run.
void submit_repeats(RunPool& pool, Repeats& repeats, const Scenario& scenario, ManyScreen& screen) {
    for (std::size_t i = 0; i < repeats.runs.size(); ++i)
        pool.submit({std::to_string(i + 1), scenario}, [&repeats, &screen, i](const RunOutcome& outcome) {
            repeats.runs[i] = outcome;
            const std::string detail = outcome.detail();
            screen.tell(fmt::format("run {:<4} {}{}{}", i + 1, outcome.word(),
                                    detail.empty() ? "" : ": " + detail,
                                    outcome.reused ? " (made before)" : ""));
        });
}

}  // namespace

Result<int> run_repeatedly(const RunOptions& options, const Scenario& scenario, CiOutput& ci) {
    if (options.detached)
        return usage_failure("repeat a run that is not waited for", "somebody has to count",
                             "leave --detach out");
    const ManyOptions many{.run = options, .jobs = options.jobs, .repeat = options.repeat};
    NETCUT_ASSIGN(const unsigned jobs, jobs_of(many));
    NETCUT_ASSIGN(const unsigned count, repeats_of(many));
    NETCUT_ASSIGN(const std::string program, this_program());
    NETCUT_ASSIGN(const RunFolder folder, make_folder(many, scenario, scenario.name + "-repeats"));
    NETCUT_ASSIGN(const int signal_of_stages, do_stages(options, scenario, folder.user(), options.quiet));
    if (signal_of_stages != 0) return 128 + signal_of_stages;
    Repeats repeats{scenario.name, std::vector<RunOutcome>(count)};
    RunPool pool(folder, program, jobs, options.local);
    int signal = 0;
    {
        ManyScreen screen(pool, options.quiet);
        submit_repeats(pool, repeats, scenario, screen);
        NETCUT_ASSIGN(signal, pool.run());
    }
    repeats.leave_out_unmade();
    if (!repeats.runs.empty()) {
        NETCUT_TRY(write_repeats(folder, repeats));
        show("\n{}\nfiles   {}\n", repeats.to_text(), folder.path());
    }
    if (signal != 0) return tell_stopped(signal, folder);
    ci.tell_table(repeats.to_json(), folder.path());
    return repeats.exit_status();
}

}  // namespace netcut::cli
