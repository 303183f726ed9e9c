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

StageApps::StageApps(CLI::App& app) {
    templates_ = app.add_subcommand("templates", "List the templates, or explain one");
    templates_->add_option("TEMPLATE", explained_.name, "The name of a template, or a folder")->type_name("");
    templates_->add_flag("--check", explained_.check,
                         "Say what it needs that is missing on this machine, and how to get it");
    templates_->add_option("--set", explained_.sets, "With --check: set a parameter; may be repeated")
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->take_all();
    constexpr std::array<const char*, stage_names.size()> what = {
        "Stage 1 of a template: its base environment, if it is not up to date",
        "Stages 1 and 2: and the framework's workspace", "Stages 1 to 3: and certificates"};
    for (std::size_t i = 0; i < stages_.size(); ++i) {
        stages_[i] = app.add_subcommand(stage_names[i], what[i]);
        add_federation_options(*stages_[i], options_);
    }
    status_ =
        stages_[1]->add_subcommand("status", "Say which stages of a workspace are up to date, and why not");
    status_->add_option("DIR", folder_, "The workspace (default: all in netcut-workspaces)")->type_name("");
}

std::optional<int> StageApps::run() const {
    const auto status = [this]() -> std::optional<Result<int>> {
        if (status_->parsed()) return try_status(folder_);
        for (std::size_t i = 0; i < stages_.size(); ++i)
            if (stages_[i]->parsed()) return try_stages(options_, static_cast<unsigned>(i) + 1);
        return {};
    }();
    if (templates_->parsed()) return templates_command(explained_);
    if (!status) return {};
    return *status ? **status : report_error(status->error());
}

}  // namespace netcut::cli
