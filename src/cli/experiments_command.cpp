// SPDX-License-Identifier: Apache-2.0
#include "cli/experiments_command.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/time.h"
#include "cli/ci_output.h"
#include "cli/many_screen.h"
#include "cli/option_values.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "cli/stage_commands.h"
#include "cli/twins_option.h"
#include "explore/cut_kind.h"
#include "explore/experiments.h"
#include "explore/outcome.h"
#include "explore/run_pool.h"
#include "folder/folder.h"
#include "page/html_page.h"
#include "report/junit.h"
#include "scenario/scenario.h"

namespace netcut::cli {
namespace {

Result<std::vector<ExperimentColumn>> experiment_columns(const ExperimentsOptions& options) {
    NETCUT_ASSIGN(const auto kinds, kinds_of(options.many));
    const std::vector<std::string> words =
        options.durations.empty() ? std::vector<std::string>{"20s"} : options.durations;
    std::vector<ExperimentColumn> columns;
    for (const CutKind& kind : kinds)
        for (const std::string& word : words) {
            NETCUT_ASSIGN(const Nanoseconds duration, parse_duration(word));
            columns.push_back({kind, duration});
        }
    return columns;
}

Result<ExperimentTable> empty_table(const Scenario& base, const ExperimentsOptions& options) {
    ExperimentTable table;
    table.title = base.name;
    NETCUT_ASSIGN(table.columns, experiment_columns(options));
    NETCUT_ASSIGN(auto moments, moments_of(base, options.many));
    for (ExperimentSpec& moment : moments) table.add_row(std::move(moment));
    return table;
}

std::vector<JunitCase> cases_of(const ExperimentTable& table) {
    std::vector<JunitCase> cases;
    for (std::size_t row = 0; row < table.rows.size(); ++row)
        for (std::size_t column = 0; column < table.columns.size(); ++column) {
            JunitCase one;
            one.name = fmt::format("{} {}", table.rows[row].name, table.columns[column].text());
            one.message = table.cells[row][column].text();
            one.output = table.rows[row].what + "\n" + one.message + "\n";
            const auto& repeats = table.cells[row][column].repeats;
            if (std::all_of(repeats.begin(), repeats.end(), [](const auto& run) { return run.unnoticed(); }))
                one.outcome = JunitCase::Outcome::skipped;
            for (const RunOutcome& outcome : repeats) {
                if (!outcome.judged())
                    one.outcome = JunitCase::Outcome::error;
                else if (!outcome.survived() && !outcome.unnoticed() &&
                         one.outcome == JunitCase::Outcome::passed)
                    one.outcome = JunitCase::Outcome::failed;
            }
            cases.push_back(std::move(one));
        }
    return cases;
}

Result<void> write_files(const RunFolder& folder, const ExperimentTable& table) {
    NETCUT_TRY(folder.write_file("experiments.json", table.to_json().dump(2) + "\n"));
    NETCUT_TRY(folder.write_file("experiments.csv", table.to_csv()));
    NETCUT_TRY(folder.write_file("report.html", html_page(with_about(table.to_json()))));
    return folder.write_file("junit.xml", junit_xml(table.title + " experiments", cases_of(table)));
}

Result<int> try_experiments(const ExperimentsOptions& options, CiOutput& ci) {
    NETCUT_ASSIGN(const Scenario base, make_scenario(options.many.run));
    NETCUT_ASSIGN(ExperimentTable table, empty_table(base, options));
    NETCUT_ASSIGN(const unsigned jobs, jobs_of(options.many));
    NETCUT_ASSIGN(const unsigned repeats, repeats_of(options.many));
    NETCUT_ASSIGN(const std::string program, this_program());
    NETCUT_ASSIGN(const RunFolder folder, make_folder(options.many, base, base.name + "-experiments"));
    NETCUT_ASSIGN(const int signal_of_stages,
                  do_stages(options.many.run, base, folder.user(), options.many.json));
    if (signal_of_stages != 0) return 128 + signal_of_stages;
    TwinsOption twins(options.many.run, options.many.json);
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
        NETCUT_ASSIGN(Scenario scenario, undisturbed_scenario(base, table.rows[row]));
        NETCUT_ASSIGN(const int signal_of_twins, twins.compare(scenario, folder.user()));
        if (signal_of_twins != 0) return 128 + signal_of_twins;
        table.twins.push_back(std::move(scenario.twins));
    }
    RunPool pool(folder, program, jobs);
    NETCUT_TRY(use_engine(options.many, folder.user(), pool));
    int signal = 0;
    {
        ManyScreen screen(pool, options.many.json);
        for (std::size_t row = 0; row < table.rows.size(); ++row)
            NETCUT_TRY(table.submit_row(pool, row, base, repeats,
                                        [&screen](const std::string& line) { screen.tell(line); }));
        NETCUT_ASSIGN(signal, pool.run());
    }
    table.leave_out_unmade();
    NETCUT_TRY(write_files(folder, table));
    if (options.many.json)
        show("{}\n", table.to_json().dump(2));
    else
        show("\n{}\nfiles   {}\n", table.to_text(), folder.path());
    if (signal != 0) return tell_stopped(signal, folder);
    ci.tell_table(table.to_json(), folder.path());
    return table.exit_status();
}

}  // namespace

void add_experiments_options(CLI::App& command, ExperimentsOptions& options) {
    command.footer("Example: netcut-fl experiments --cols 2 --kinds drop --for 20s --jobs 5");
    add_many_options(command, options.many);
    add_safety_options(command, options.many.run);
    Group(command, "The runs")
        .add_list("--for", options.durations, "TIME", "How long the cuts last: 5s,20s (default: 20s)");
}

int experiments_command(const ExperimentsOptions& options) {
    CiOutput ci(options.many.run.annotate, options.many.json);
    const auto status = try_experiments(options, ci);
    if (status) return *status;
    ci.tell_error(status.error());
    return report_error(status.error());
}

}  // namespace netcut::cli
