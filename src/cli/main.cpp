// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <exception>
#include <map>

#include "base/exception.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "cli/suggestion.h"
#include "cli/why_command.h"
#include "help/log_level.h"

namespace {

using namespace netcut::cli;

constexpr int usage_status = 2;

// netcut-fl complete -- WORD...: for shells (tools/packaging/completions). The words are not parsed: they are unfinished.
int print_completions(const CLI::App& app, const std::vector<std::string>& words) {
    for (const std::string& word : complete(app, {words.begin() + 2, words.end()})) show("{}\n", word);
    return 0;
}

int run(const std::vector<std::string>& words) {
    CLI::App app("Tests whether federated-learning software survives a broken network.", "netcut-fl");
    app.set_version_flag("-V,--version", "netcut-fl " NETCUT_VERSION);
    app.require_subcommand(1);
    netcut::LogLevel log_level = netcut::LogLevel::warning;
    netcut::add_log_level(app, log_level);
    app.footer(
        "Exit status: 0 recovered, 1 crashed, hung or left, 2 usage, 3 this machine cannot, 4 never "
        "triggered, 5 internal.");
    std::map<const CLI::App*, Action> actions;
    for (const Command& command : all_commands()) {
        CLI::App* added = app.add_subcommand(command.name, command.help);
        actions[added] = command.add(*added);
    }
    if (words.size() >= 2 && words.front() == "complete") return print_completions(app, words);
    try {
        app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // it takes them from the back
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
        complain("{}", explain_mistake(app, words, error.what()));
        return usage_status;
    }
    netcut::open_log("netcut-fl", log_level);
    return actions.at(app.get_subcommands().front())();
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a reader that left is told of by write()
    try {
        return run(without_help_command({argv + 1, argv + argc}));
    } catch (const std::exception& error) {
        return report_error(netcut::error_of(error));
    }
}
