// SPDX-License-Identifier: Apache-2.0
#include "cli/explore_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/time.h"
#include "cli/ci_output.h"
#include "cli/many_screen.h"
#include "cli/option_values.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "cli/stage_commands.h"
#include "explore/cut_kind.h"
#include "explore/experiments.h"
#include "explore/phase_moments.h"
#include "explore/run_pool.h"
#include "explore/search.h"
#include "explore/sweep.h"
#include "fault/plan.h"
#include "folder/folder.h"
#include "page/html_page.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"
#include "scenario/words.h"

namespace netcut::cli {
namespace {

Result<Nanoseconds> length_of(const std::optional<std::string>& text, Nanoseconds otherwise) {
    if (!text) return otherwise;
    return parse_duration(*text);
}

Result<SearchOptions> search_options(const ExploreOptions& options) {
    using std::chrono::milliseconds;
    SearchOptions search;
    NETCUT_ASSIGN(search.least, length_of(options.least, milliseconds(500)));
    NETCUT_ASSIGN(search.most, length_of(options.most, std::chrono::seconds(60)));
    NETCUT_ASSIGN(search.within, length_of(options.within, milliseconds(1000)));
    NETCUT_ASSIGN(search.repeats, repeats_of(options.many));
    if (search.least <= Nanoseconds(0) || search.most <= search.least || search.within < milliseconds(1))
        return usage_failure("search between these outages",
                             "they must be --least < --most, and --within at least 1ms");
    return search;
}

template <typename Results>  // a map or a table
Result<int> finish(const Results& results, const RunFolder& folder, const std::string& name, bool json,
                   CiOutput& ci, int signal) {
    NETCUT_TRY(folder.write_file(name + ".json", results.to_json().dump(2) + "\n"));
    NETCUT_TRY(folder.write_file(name + ".csv", results.to_csv()));
    NETCUT_TRY(folder.write_file("report.html", html_page(with_about(results.to_json()))));
    if (json)
        show("{}\n", results.to_json().dump(2));
    else
        show("\n{}\nfiles   {}\n", results.to_text(), folder.path());
    if (signal != 0) return tell_stopped(signal, folder);
    ci.tell_table(results.to_json(), folder.path());
    return results.exit_status();
}

Result<int> find_thresholds(const ExploreOptions& options, const Scenario& base, const RunFolder& folder,
                            RunPool& pool, CiOutput& ci) {
    ResilienceMap map;
    map.title = base.name;
    NETCUT_ASSIGN(map.rows, moments_of(base, options.many));
    NETCUT_ASSIGN(const auto kinds, kinds_of(options.many));
    NETCUT_ASSIGN(SearchOptions search, search_options(options));
    NETCUT_ASSIGN(const unsigned jobs, jobs_of(options.many));
    const auto cells = static_cast<unsigned>(map.rows.size() * kinds.size());
    search.at_once = std::max(1U, jobs / std::max(1U, cells * search.repeats));
    map.limit = search.most;
    for (std::size_t row = 0; row < map.rows.size(); ++row) {
        auto& cells = map.cells.emplace_back(kinds.size());
        for (std::size_t i = 0; i < kinds.size(); ++i) cells[i].cut = kinds[i];
    }
    int signal = 0;
    {
        ManyScreen screen(pool, options.many.json, true);
        NETCUT_TRY(netcut::search(pool, map, base, search,
                                  [&screen](const std::string& line) { screen.tell(line); }));
        NETCUT_ASSIGN(signal, pool.run());
    }
    return finish(map, folder, "map", options.many.json, ci, signal);
}

// The experiment whose moment counts these bytes: its trigger begins the count, and the sweep moves the byte.
// Where there is none, they are counted from the beginning of each upload or download.
Result<ExperimentSpec> moment_of_sweep(const Scenario& base, const ExploreOptions& options) {
    const bool sent = *options.sweep == "sent";
    if (!sent && *options.sweep != "received")
        return usage_failure("sweep over '" + *options.sweep + "'", "it is neither sent nor received");
    NETCUT_ASSIGN(auto moments, moments_of(base, options.many));
    const auto phases = phase_experiments();
    moments.insert(moments.end(), phases.begin(), phases.end());
    const auto counts = [sent](const ExperimentSpec& moment) {
        const FaultSpec& fault = moment.fault;
        if (fault.when)
            return fault.when->moment.kind == (sent ? WireMoment::Kind::sent : WireMoment::Kind::received);
        return fault.trigger.kind == FaultTrigger::Kind::phase &&
               fault.trigger.phase.kind == (sent ? PhaseMoment::Kind::sending : PhaseMoment::Kind::receiving);
    };
    return *std::find_if(moments.begin(), moments.end(), counts);
}

Result<int> sweep(const ExploreOptions& options, const Scenario& base, const RunFolder& folder, RunPool& pool,
                  CiOutput& ci) {
    NETCUT_ASSIGN(ExperimentSpec moment, moment_of_sweep(base, options));
    NETCUT_ASSIGN(const std::uint64_t step, parse_bytes(options.step.value_or("64KiB")));
    NETCUT_ASSIGN(const Nanoseconds duration, length_of(options.duration, std::chrono::seconds(20)));
    NETCUT_ASSIGN(const auto kinds, kinds_of(options.many));
    NETCUT_ASSIGN(const unsigned repeats, repeats_of(options.many));
    NETCUT_ASSIGN(const unsigned jobs, jobs_of(options.many));
    if (step == 0) return usage_failure("sweep in steps of 0 bytes", "it would never end");
    ExperimentTable table;
    table.title = base.name;
    for (const CutKind& kind : kinds) table.columns.push_back({kind, duration});
    SweepOptions sweep{step, repeats, std::max(1U, jobs / static_cast<unsigned>(kinds.size()))};
    int signal = 0;
    {
        ManyScreen screen(pool, options.many.json, true);
        NETCUT_ASSIGN(signal, netcut::sweep(pool, table, base, std::move(moment), sweep,
                                            [&screen](const std::string& line) { screen.tell(line); }));
    }
    table.leave_out_unmade();
    return finish(table, folder, "sweep", options.many.json, ci, signal);
}

Result<int> try_explore(const ExploreOptions& options, CiOutput& ci) {
    NETCUT_ASSIGN(const Scenario base, make_scenario(options.many.run));
    NETCUT_TRY(moments_of(base, options.many));
    NETCUT_ASSIGN(const unsigned jobs, jobs_of(options.many));
    NETCUT_ASSIGN(const std::string program, this_program());
    NETCUT_ASSIGN(const RunFolder folder, make_folder(options.many, base, base.name + "-explore"));
    NETCUT_ASSIGN(const int signal_of_stages,
                  do_stages(options.many.run, base, folder.user(), options.many.json));
    if (signal_of_stages != 0) return 128 + signal_of_stages;
    RunPool pool(folder, program, jobs);
    NETCUT_TRY(use_engine(options.many, folder.user(), pool));
    return options.sweep ? sweep(options, base, folder, pool, ci)
                         : find_thresholds(options, base, folder, pool, ci);
}

}  // namespace

void add_explore_options(CLI::App& command, ExploreOptions& options) {
    command.footer("Example: netcut-fl explore --moments \"C'\" --kinds drop --most 30s --within 500ms");
    add_many_options(command, options.many);
    Group group(command, "The search");
    group.add("--least", options.least, "TIME", "The shortest outage to try (default: 500ms)");
    group.add("--most", options.most, "TIME", "The longest outage to try (default: 60s)");
    group.add("--within", options.within, "TIME", "Stop when the two bounds are this close (default: 1s)");
    group.add("--sweep", options.sweep, "sent|received", "Move a cut over the bytes of a transfer instead");
    group.add("--step", options.step, "BYTES", "The step of the sweep (default: 64KiB)");
    group.add("--for", options.duration, "TIME", "How long the cuts of the sweep last (default: 20s)");
}

int explore_command(const ExploreOptions& options) {
    CiOutput ci(options.many.run.annotate, options.many.json);
    const auto status = try_explore(options, ci);
    if (status) return *status;
    ci.tell_error(status.error());
    return report_error(status.error());
}

}  // namespace netcut::cli
