// SPDX-License-Identifier: Apache-2.0
#include "cli/stage_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/run_command.h"
#include "cli/screen.h"
#include "stage/origin.h"
#include "stage/stages.h"

namespace netcut::cli {
namespace {

constexpr const char* workspaces = "netcut-workspaces";

void say(const std::string& line) {
    show("{}\n", printable(line, 200));
    std::fflush(stdout);
}

Result<int> try_stages(const RunOptions& options, unsigned last) {
    NETCUT_ASSIGN(const Scenario scenario, make_scenario(options));
    if (scenario.stages.empty())
        return usage_failure("do the stage " + std::string(stage_names[last - 1]),
                             "the template " + scenario.template_name + " has no stages",
                             "see netcut-fl templates");
    NETCUT_ASSIGN(const User user, find_caller(scenario.user));
    StageOptions stages;
    if (options.stage) {
        NETCUT_ASSIGN(stages.first, parse_stage(*options.stage));
    }
    stages.last = last;
    NETCUT_ASSIGN(const int signal,
                  Stages(scenario, user, options.quiet ? [](const std::string&) {} : say).run(stages));
    if (signal == 0) say("workspace  " + scenario.workspace);
    return signal == 0 ? 0 : 128 + signal;
}

Result<void> print_status(const std::string& workspace) {
    NETCUT_ASSIGN(const User user, find_caller(""));
    NETCUT_ASSIGN(const WorkspaceOrigin origin, read_origin(workspace, user));
    RunOptions options;
    options.template_name = origin.template_name;
    options.workspace = workspace;
    options.cols = std::to_string(origin.collaborators);
    for (const auto& [name, value] : origin.parameters) options.sets.push_back(name + "=" + value);
    NETCUT_ASSIGN(const Scenario scenario, make_scenario(options));
    NETCUT_ASSIGN(const auto all, Stages(scenario, user, say).status());
    say(scenario.workspace);
    say(fmt::format("  template {}, {} collaborators", origin.template_name, origin.collaborators));
    for (const StageStatus& one : all) {
        say(fmt::format("  {} {:<10} {:<11} {}", one.number, one.name,
                        one.up_to_date ? "up to date" : "to be done", one.why));
        if (!one.up_to_date && !one.log_file.empty()) say("               log: " + one.log_file);
    }
    return {};
}

Result<int> try_status(const std::string& wanted) {
    std::vector<std::string> folders;
    if (!wanted.empty()) folders.push_back(wanted);
    std::error_code error;
    if (wanted.empty())
        for (std::filesystem::directory_iterator entry(workspaces, error), end; !error && entry != end;
             entry.increment(error))
            folders.push_back(entry->path());
    std::sort(folders.begin(), folders.end());
    if (folders.empty()) say(fmt::format("no workspaces in {}/", workspaces));
    for (const std::string& folder : folders) NETCUT_TRY(print_status(folder));
    return 0;
}

}  // namespace

Result<int> do_stages(const RunOptions& options, const Scenario& scenario, const User& user, bool quiet) {
    if (scenario.stages.empty()) return 0;
    StageOptions stages;
    if (options.stage) {
        NETCUT_ASSIGN(stages.first, parse_stage(*options.stage));
    }
    return Stages(scenario, user, quiet ? [](const std::string&) {} : say).run(stages);
}

namespace {

void add_templates_options(CLI::App& command, TemplatesOptions& options) {
    command.add_option("TEMPLATE", options.name, "The name of a template, or a folder")->type_name("");
    command.add_flag("--check", options.check,
                     "Say what it needs that is missing on this machine, and how to get it");
    command.add_option("--set", options.sets, "With --check: set a parameter; may be repeated")
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->take_all();
}

// Does the stages up to this one.
Action add_stage(CLI::App& command, unsigned last) {
    const auto options = std::make_shared<RunOptions>();
    add_federation_options(command, *options);
    return [=] { return end_with(try_stages(*options, last)); };
}

Action add_workspace(CLI::App& command) {
    const Action make = add_stage(command, 2);
    const auto folder = std::make_shared<std::string>();
    CLI::App* status =
        command.add_subcommand("status", "Say which stages of a workspace are up to date, and why not");
    status->add_option("DIR", *folder, "The workspace (default: all in netcut-workspaces)")->type_name("");
    return [=] { return status->parsed() ? end_with(try_status(*folder)) : make(); };
}

}  // namespace

std::vector<Command> stage_commands() {
    return {{"templates", "List the templates, or explain one",
             with_options(add_templates_options, templates_command)},
            {"prepare", "Stage 1 of a template: its base environment, if it is not up to date",
             [](CLI::App& command) { return add_stage(command, 1); }},
            {"workspace", "Stages 1 and 2: and the framework's workspace", add_workspace},
            {"certify", "Stages 1 to 3: and certificates",
             [](CLI::App& command) { return add_stage(command, 3); }}};
}

}  // namespace netcut::cli
