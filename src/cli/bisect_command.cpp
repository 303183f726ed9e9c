// SPDX-License-Identifier: Apache-2.0
#include "cli/bisect_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/bisect_versions.h"
#include "cli/many_screen.h"
#include "cli/option_values.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "cli/stage_commands.h"
#include "explore/experiments.h"
#include "explore/run_pool.h"
#include "explore/version_search.h"
#include "page/html_page.h"
#include "scenario/words.h"

namespace netcut::cli {
namespace {

constexpr std::size_t most_silent = 3;  // runs of a version that say nothing

Result<VersionSearchOptions> search_options(const BisectOptions& options) {
    VersionSearchOptions search;
    NETCUT_TRY(set_parsed(search.seldom, "--seldom", options.seldom, parse_share));
    NETCUT_TRY(set_parsed(search.often, "--often", options.often, parse_share));
    NETCUT_TRY(set_parsed(search.wrong, "--wrong", options.wrong, parse_share));
    if (!(search.seldom > 0 && search.seldom < search.often && search.often < 1))
        return usage_failure("tell good versions from bad ones",
                             "it must be 0 % < --seldom < --often < 100 %");
    if (!(search.wrong > 0 && search.wrong < 0.5))
        return usage_failure("be sure with --wrong", "it must be above 0 % and below 50 %");
    return search;
}

// One search, with the runs of each version.
class VersionRuns {
  public:
    VersionRuns(const BisectOptions& options, VersionSearch search, RunPool& pool, const RunFolder& folder,
                ManyScreen& screen, unsigned jobs, unsigned most_runs)
        : options_(options),
          search_(std::move(search)),
          pool_(pool),
          folder_(folder),
          screen_(screen),
          jobs_(jobs),
          most_runs_(most_runs),
          cells_(search_.versions().size()) {}

    // 0, or the number of a signal.
    Result<int> run() {
        while (const auto version = search_.next()) {
            NETCUT_ASSIGN(const int signal, try_version(*version));
            if (signal != 0) return signal;
        }
        return 0;
    }
    const VersionSearch& search() const { return search_; }
    const std::vector<ExperimentCell>& cells() const { return cells_; }

  private:
    using Version = VersionSearch::Version;
    const Version& at(std::size_t version) const { return search_.versions()[version]; }

    Result<int> try_version(std::size_t version) {
        const std::string& name = at(version).name;
        screen_.tell("preparing " + name);
        NETCUT_ASSIGN(const Prepared prepared, prepare_version(options_, name, folder_));
        if (prepared.signal != 0) return prepared.signal;
        if (!prepared.trouble.empty()) return give_up(version, prepared.trouble);
        RunOptions run = options_of_version(options_, name);
        auto scenario = scenario_of(run);
        if (!scenario) return give_up(version, scenario.error().text());
        const auto staged = do_stages(run, *scenario, folder_.user(), options_.many.json);
        if (!staged) return give_up(version, staged.error().text());
        if (*staged != 0) return *staged;
        return run_until_sure(version, *scenario);
    }

    Result<Scenario> scenario_of(const RunOptions& run) const {
        NETCUT_ASSIGN(const Scenario base, make_scenario(run));
        if (options_.many.moments.empty()) return base;
        NETCUT_ASSIGN(const auto moments, moments_of(base, options_.many));
        NETCUT_ASSIGN(const auto kinds, kinds_of(options_.many));
        NETCUT_ASSIGN(const Nanoseconds duration, parse_duration(options_.duration.value_or("20s")));
        return experiment_scenario(base, moments.front(), {kinds.front(), duration});
    }

    // As many at once as may be, and never more than it takes if all go the same way.
    Result<int> run_until_sure(std::size_t version, const Scenario& scenario) {
        std::size_t silent = 0;
        while (at(version).word == VersionWord::untried) {
            const SequentialTest& test = at(version).test;
            const std::size_t least = std::min(test.runs_left(true), test.runs_left(false));
            const std::size_t batch = std::clamp<std::size_t>(least, 1, jobs_);
            if (cells_[version].repeats.size() + batch > most_runs_) {
                give_up(version, fmt::format("{} of {} runs failed, which is neither seldom nor often",
                                             test.failed(), test.runs()));
                break;
            }
            std::vector<RunOutcome> outcomes(batch);
            for (RunOutcome& outcome : outcomes) submit(version, scenario, outcome);
            NETCUT_ASSIGN(const int signal, pool_.run());
            if (signal != 0) return signal;
            // In the order in which they were begun, so that fast ones count no more than slow ones.
            for (RunOutcome& outcome : outcomes) {
                if (outcome.exit_status > 1 && ++silent == most_silent)
                    give_up(version, outcome.word() + ": " + outcome.detail());
                if (outcome.exit_status <= 1) search_.take(version, outcome.exit_status == 1);
                cells_[version].repeats.push_back(std::move(outcome));
            }
        }
        screen_.tell(fmt::format("{} is {}: {} of {} runs failed", at(version).name,
                                 word_of(at(version).word), at(version).test.failed(),
                                 at(version).test.runs()));
        return 0;
    }

    void submit(std::size_t version, const Scenario& scenario, RunOutcome& outcome) {
        const std::string id = run_id(at(version).name, "run", ++begun_[version]);
        pool_.submit({id, scenario}, [this, version, &outcome](const RunOutcome& made) {
            outcome = made;
            screen_.tell(fmt::format("{}: {} {}", at(version).name, made.word(), made.detail()));
        });
    }

    int give_up(std::size_t version, std::string why) {
        screen_.tell(fmt::format("{} cannot be tested: {}", at(version).name, why));
        search_.give_up(version, std::move(why));
        return 0;
    }

    const BisectOptions& options_;
    VersionSearch search_;
    RunPool& pool_;
    const RunFolder& folder_;
    ManyScreen& screen_;
    const unsigned jobs_, most_runs_;
    std::vector<ExperimentCell> cells_;
    std::map<std::size_t, unsigned> begun_;
};

// The form that html_page() takes, kind "experiments": a row for each version.
Json json_of(const VersionRuns& runs, const BisectOptions& options, const VersionSearchOptions& how) {
    const VersionSearch& search = runs.search();
    const std::string column = "runs";
    Json rows = Json::array();
    for (std::size_t i = 0; i < search.versions().size(); ++i) {
        const VersionSearch::Version& version = search.versions()[i];
        std::string what = word_of(version.word);
        if (version.test.runs() > 0)
            what += fmt::format(", {} of {} runs failed", version.test.failed(), version.test.runs());
        if (!version.why.empty()) what += ": " + version.why;
        Json cells = Json::array();
        if (!runs.cells()[i].repeats.empty()) cells.push_back(cell_json(runs.cells()[i], column));
        rows.push_back({{"name", version.name},
                        {"what", what},
                        {"word", word_of(version.word)},
                        {"runs", version.test.runs()},
                        {"failed", version.test.failed()},
                        {"cells", cells}});
    }
    Json json = {
        {"kind", "experiments"}, {"of", "bisect"},         {"title", search.answer()},
        {"good", options.good},  {"bad", options.bad},     {"wrong", how.wrong},
        {"seldom", how.seldom},  {"often", how.often},     {"found", search.ends_agree() && !search.next()},
        {"columns", {column}},   {"rows", std::move(rows)}};
    if (search.ends_agree())
        json["between"] = {search.versions()[search.last_as_first()].name,
                           search.versions()[search.first_as_last()].name};
    return json;
}

std::string text_of(const VersionRuns& runs, const VersionSearchOptions& how) {
    std::string text;
    const VersionSearch& search = runs.search();
    std::size_t width = 0;
    for (const auto& version : search.versions()) width = std::max(width, version.name.size());
    for (std::size_t i = 0; i < search.versions().size(); ++i) {
        const auto& version = search.versions()[i];
        text += fmt::format("{:<{}}  {:<10}", version.name, width, word_of(version.word));
        if (version.test.runs() > 0)
            text += fmt::format("  {} of {} runs failed; {}", version.test.failed(), version.test.runs(),
                                runs.cells()[i].text());
        text += version.why.empty() ? "\n" : "  " + version.why + "\n";
    }
    text += fmt::format("\n{}\n", search.answer());
    if (search.ends_agree())
        text += fmt::format(
            "This is wrong with a probability of at most {:g} %, if a good version fails in at most {:g} % "
            "of its "
            "runs and a bad one in at least {:g} %.\n",
            100 * how.wrong, 100 * how.seldom, 100 * how.often);
    return text;
}

Result<void> check_one_cell(const BisectOptions& options) {
    if (options.many.repeat)
        return usage_failure("bisect with --repeat", "each version has as many runs as it takes to be sure",
                             "see --wrong");
    if (options.many.moments.size() > 1 || (options.many.moments.empty() && !options.many.kinds.empty()))
        return usage_failure("bisect", "one moment of one kind is tried, or the scenario with its own faults",
                             "name one --moments and one --kinds");
    return {};
}

Result<int> try_bisect(const BisectOptions& options) {
    NETCUT_ASSIGN(const VersionSearchOptions how, search_options(options));
    NETCUT_TRY(check_one_cell(options));
    NETCUT_ASSIGN(const unsigned jobs, jobs_of(options.many));
    unsigned most_runs = 60;
    NETCUT_TRY(set_count(most_runs, "--most-runs", options.most_runs));
    NETCUT_ASSIGN(const std::string program, this_program());
    Scenario nameless;
    nameless.user = options.many.run.user.value_or("");
    NETCUT_ASSIGN(const User user, find_caller(nameless.user));
    NETCUT_ASSIGN(const RunFolder folder,
                  RunFolder::of_many(options.many.run.out.value_or(""), "bisect", user));
    NETCUT_ASSIGN(const std::vector<std::string> versions, versions_of(options, folder));
    RunPool pool(folder, program, jobs, options.many.run.local);
    ManyScreen screen(pool, options.many.json, true);
    VersionRuns runs(options, VersionSearch(versions, versions.front() == options.good, how), pool, folder,
                     screen, jobs, most_runs);
    NETCUT_ASSIGN(const int signal, runs.run());
    const Json json = json_of(runs, options, how);
    NETCUT_TRY(
        folder.write_file("bisect.json", json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
    NETCUT_TRY(folder.write_file("report.html", html_page(with_about(json))));
    if (options.many.json)
        show("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
    else
        show("\n{}\nfiles   {}\n", text_of(runs, how), folder.path());
    if (signal != 0) return tell_stopped(signal, folder);
    return json.at("found").get<bool>() ? 0 : 1;
}

}  // namespace

void add_bisect_options(CLI::App& command, BisectOptions& options) {
    Group versions(command, "The versions");
    command.add_option("--good", options.good, "A version that fails seldom")
        ->type_name("VERSION")
        ->required()
        ->group("The versions");
    command.add_option("--bad", options.bad, "A version that fails often")
        ->type_name("VERSION")
        ->required()
        ->group("The versions");
    versions.add_list("--versions", options.versions, "VERSION",
                      "All versions in their order: 1.3,1.4,1.5,1.6");
    versions.add("--commits", options.commits, "DIR",
                 "Instead: the commits between the two in this git repository");
    versions.add(
        "--prepare", options.prepare, "COMMAND",
        "Run before the first run of a version, without a shell; {version} is its name. One that fails makes "
        "the version untestable");
    versions.add("--prepare-within", options.prepare_within, "TIME", "How long that may take (default: 1h)");
    add_many_options(command, options.many);
    Group group(command, "The runs");
    group.add("--for", options.duration, "TIME", "How long the cut of --moments lasts (default: 20s)");
    Group sure(command, "When it is sure");
    sure.add("--seldom", options.seldom, "PERCENT",
             "The largest share of runs in which a good version fails (default: 10%)");
    sure.add("--often", options.often, "PERCENT",
             "The smallest share of runs in which a bad version fails (default: 75%)");
    sure.add("--wrong", options.wrong, "PERCENT",
             "The probability that the answer is wrong, at most (default: 1%)");
    sure.add("--most-runs", options.most_runs, "N", "The most runs that one version gets (default: 60)");
    command.footer(
        "{version} in --set, --env, --workspace, the file, the template and commands becomes the version.\n"
        "Example: netcut-fl bisect --good 1.6 --bad 1.3 --versions 1.3,1.4,1.5,1.6 --template "
        "openfl/torch_cnn_mnist "
        "--set environment=/opt/openfl-{version} --workspace work-{version} --moments A --kinds unplug\n"
        "Exit status: 0 found, 1 not found, 2 usage.");
}

int bisect_command(const BisectOptions& options) {
    return end_with(try_bisect(options));
}

}  // namespace netcut::cli
