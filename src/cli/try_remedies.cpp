// SPDX-License-Identifier: Apache-2.0
#include "cli/try_remedies.h"

#include <fmt/format.h>

#include "cli/many_options.h"
#include "cli/many_screen.h"
#include "cli/screen.h"
#include "explore/run_pool.h"
#include "explore/trials.h"
#include "folder/folder.h"
#include "page/html_page.h"
#include "report/junit.h"

namespace netcut::cli {
namespace {

std::vector<JunitCase> cases_of_trials(const TrialTable& table) {
    std::vector<JunitCase> cases;
    for (const TrialRow& row : table.rows) {
        const std::string text = row.cell.text();
        const auto& runs = row.cell.repeats;
        const bool went_wrong =
            std::any_of(runs.begin(), runs.end(), [](const auto& run) { return !run.judged(); });
        const bool is_fatal =
            std::any_of(runs.begin(), runs.end(), [](const auto& run) { return run.fatal(); });
        cases.push_back({row.trial.name, 0,
                         went_wrong ? JunitCase::Outcome::error
                         : is_fatal ? JunitCase::Outcome::failed
                                    : JunitCase::Outcome::passed,
                         text, row.trial.what + "\n" + text + "\n"});
    }
    return cases;
}

Result<void> write_trials(const RunFolder& folder, const TrialTable& table) {
    const Json json = table.to_json();
    NETCUT_TRY(
        folder.write_file("trials.json", json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
    NETCUT_TRY(folder.write_file("trials.csv", table.to_csv()));
    NETCUT_TRY(folder.write_file("report.html", html_page(with_about(json))));
    return folder.write_file("junit.xml", junit_xml(table.title + " remedies", cases_of_trials(table)));
}

ManyOptions many_options(const WhyOptions& options) {
    ManyOptions many;
    std::string beside = options.folder;
    while (beside.size() > 1 && beside.ends_with('/')) beside.pop_back();
    many.run.out = options.out.value_or(beside + "-try");
    many.run.local = options.local;
    many.jobs = options.jobs;
    many.repeat = options.repeat;
    return many;
}

void show_table(const WhyOptions& options, const TrialTable& table, const std::string& folder) {
    if (options.json)
        return show("{}\n", table.to_json().dump(2, ' ', false, Json::error_handler_t::replace));
    show("\n{}", table.to_text());
    if (!folder.empty()) show("files   {}\n", folder);
}

}  // namespace

Result<int> try_remedies(const WhyOptions& options, const RecordedRun& recorded, const Explanation& why) {
    TrialTable table = trials_for(recorded.scenario, why);
    const RunOutcome before{.id = "recorded", .verdict = recorded.verdict};
    table.recorded = ExperimentCell{{before}}.text();
    table.recorded_s = recorded.journal.empty() ? 0 : seconds(recorded.journal.back().t);
    if (table.rows.empty()) {
        show_table(options, table, "");
        return table.exit_status();
    }
    const ManyOptions many = many_options(options);
    NETCUT_ASSIGN(const unsigned jobs, jobs_of(many));
    NETCUT_ASSIGN(const unsigned repeats, repeats_of(many));
    NETCUT_ASSIGN(const std::string program, this_program());
    NETCUT_ASSIGN(const RunFolder folder,
                  make_folder(many, recorded.scenario, recorded.scenario.name + "-try"));
    RunPool pool(folder, program, jobs, options.local);
    int signal = 0;
    {
        ManyScreen screen(pool, options.json);
        NETCUT_TRY(table.submit(pool, recorded.scenario, repeats,
                                [&screen](const std::string& line) { screen.tell(line); }));
        NETCUT_ASSIGN(signal, pool.run());
    }
    table.leave_out_unmade();
    NETCUT_TRY(write_trials(folder, table));
    show_table(options, table, folder.path());
    if (signal != 0) return tell_stopped(signal, folder);
    return table.exit_status();
}

}  // namespace netcut::cli
