// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <csignal>
#include <exception>

#include "base/exception.h"
#include "cli/catalogue_commands.h"
#include "cli/completion.h"
#include "cli/daemon_commands.h"
#include "cli/experiments_command.h"
#include "cli/explore_command.h"
#include "cli/init_command.h"
#include "cli/reduce_command.h"
#include "cli/replay_command.h"
#include "cli/report_command.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "cli/stage_commands.h"
#include "cli/suggestion.h"
#include "cli/verify_command.h"
#include "cli/why_command.h"
#include "help/manual.h"

namespace {

constexpr int usage_status = 2;

// netcut-fl complete -- WORD...: for shells (tools/packaging/completions). The words are not parsed: they are unfinished.
int print_completions(const CLI::App& app, const std::vector<std::string>& words) {
    for (const std::string& word : netcut::cli::complete(app, {words.begin() + 2, words.end()}))
        netcut::cli::show("{}\n", word);
    return 0;
}

int run(const std::vector<std::string>& words) {
    CLI::App app("Tests whether federated-learning software survives a broken network.", "netcut-fl");
    app.set_version_flag("-V,--version", "netcut-fl " NETCUT_VERSION);
    app.require_subcommand(1);
    app.footer(
        "Exit status: 0 recovered, 1 crashed, hung or left, 2 usage, 3 this machine cannot, 4 never "
        "triggered, 5 "
        "internal.");
    netcut::cli::RunOptions options;
    CLI::App* run_app = app.add_subcommand("run", "Run a federation, cut it, heal it, and judge it");
    run_app->footer("Example: netcut-fl run --cols 4 --cut-on 'round 2' --reconnect-after 3s");
    netcut::cli::add_run_options(*run_app, options);
    netcut::cli::ExperimentsOptions experiments;
    CLI::App* experiments_app = app.add_subcommand(
        "experiments", "Cut a federation at each moment of its work, and print the table of outcomes");
    experiments_app->footer("Example: netcut-fl experiments --cols 2 --kinds drop --for 20s --jobs 5");
    netcut::cli::add_experiments_options(*experiments_app, experiments);
    netcut::cli::ExploreOptions explore;
    CLI::App* explore_app =
        app.add_subcommand("explore", "Find the shortest outage that a federation does not survive");
    explore_app->footer("Example: netcut-fl explore --moments \"C'\" --kinds drop --most 30s --within 500ms");
    netcut::cli::add_explore_options(*explore_app, explore);
    netcut::cli::ReduceOptions reduce;
    CLI::App* reduce_app =
        app.add_subcommand("reduce", "Find the few faults of a failed run that make it fail");
    netcut::cli::add_reduce_options(*reduce_app, reduce);
    netcut::cli::ReplayOptions replay;
    CLI::App* replay_app = app.add_subcommand("replay", "Repeat a run, and say where it goes another way");
    netcut::cli::add_replay_options(*replay_app, replay);
    netcut::cli::StageApps stages(app);
    netcut::cli::InitOptions init;
    CLI::App* init_app = app.add_subcommand("init", "Write a scenario file for what is in this folder");
    netcut::cli::add_init_options(*init_app, init);
    CLI::App* report = app.add_subcommand("report", "Make the report.html of an earlier run again");
    std::string run_folder;
    report->add_option("DIR", run_folder, "The folder of a run")->type_name("")->required();
    CLI::App* faults = app.add_subcommand("faults", "List the faults, with an example of each");
    std::string fault_kind;
    faults->add_option("KIND", fault_kind, "List the keys of this one")->type_name("");
    CLI::App* doctor = app.add_subcommand("doctor", "Say what this kernel and this user can do, and why not");
    bool doctor_json = false;
    doctor->add_flag("--json", doctor_json, "Print JSON");
    netcut::cli::VerifyOptions verify_options;
    CLI::App* verify =
        app.add_subcommand("verify", "Say whether the files that a run has left agree with each other");
    netcut::cli::add_verify_options(*verify, verify_options);
    netcut::cli::WhyOptions why_options;
    CLI::App* why =
        app.add_subcommand("why", "Say why a run hung, what shows that, and what would have helped");
    netcut::cli::add_why_options(*why, why_options);
    std::function<int()> of_the_daemon;
    netcut::cli::add_daemon_commands(app, of_the_daemon);
    // For packages; help does not list it.
    CLI::App* manual = app.add_subcommand("manual", "Write the manual pages")->group("");
    std::string manual_folder;
    manual->add_option("DIR", manual_folder, "The folder for them")->required();
    if (words.size() >= 2 && words.front() == "complete") return print_completions(app, words);
    try {
        app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // it takes them from the back
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
        netcut::cli::complain("{}", netcut::cli::explain_mistake(app, words, error.what()));
        return usage_status;
    }
    if (of_the_daemon) return of_the_daemon();
    if (manual->parsed()) {
        const auto written = netcut::write_manual(app, manual_folder);
        return written ? 0 : netcut::cli::report_error(written.error());
    }
    if (experiments_app->parsed()) return netcut::cli::experiments_command(experiments);
    if (explore_app->parsed()) return netcut::cli::explore_command(explore);
    if (reduce_app->parsed()) return netcut::cli::reduce_command(reduce);
    if (replay_app->parsed()) return netcut::cli::replay_command(replay);
    if (init_app->parsed()) return netcut::cli::init_command(init);
    if (report->parsed()) return netcut::cli::report_command(run_folder);
    if (faults->parsed()) return netcut::cli::faults_command(fault_kind);
    if (doctor->parsed()) return netcut::cli::doctor_command(doctor_json);
    if (const auto status = stages.run()) return *status;
    if (verify->parsed()) return netcut::cli::verify_command(verify_options);
    if (why->parsed()) return netcut::cli::why_command(why_options);
    return netcut::cli::run_command(options);
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a reader that left is told of by write()
    try {
        return run(netcut::cli::without_help_command({argv + 1, argv + argc}));
    } catch (const std::exception& error) {
        return netcut::cli::report_error(netcut::error_of(error));
    }
}
