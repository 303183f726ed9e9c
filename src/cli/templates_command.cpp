// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/error.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "cli/stage_commands.h"
#include "scenario/scenario.h"
#include "scenario/template.h"
#include "scenario/triggers.h"
#include "stage/stages.h"
#include "user/as_user.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

// As a template, without a variant where it wants one: its text is all that is asked of it.
Result<Scenario> read(const std::string& name) {
    NETCUT_ASSIGN(const User caller, find_user(""));
    const AsUser as_caller(caller);
    NETCUT_ASSIGN(const TemplatePlace place, find_template(name));
    Scenario scenario;
    const auto text = read_template(scenario, place.variant.empty() ? name + "/NAME" : name);
    if (text) return scenario;
    scenario = {};
    NETCUT_TRY(read_template(scenario, name));
    return scenario;
}

Result<int> list() {
    for (const std::string& name : template_names()) {
        NETCUT_ASSIGN(const Scenario scenario, read(name));
        show("{:<16} {}\n", name + (scenario.variant.empty() ? "" : "/NAME"), scenario.description);
    }
    show("\nnetcut-fl templates NAME explains one; --check says what it needs and is missing here.\n");
    return 0;
}

void print_stages(const Scenario& scenario) {
    if (scenario.stages.empty()) return;
    show("stages\n");
    for (const StageSpec& stage : scenario.stages)
        for (const StageCommand& command : stage.commands)
            show("  {:<12} {}{}\n", stage.name, fmt::join(command.run, " "),
                 command.each_collaborator ? "   (for each collaborator)" : "");
}

Result<int> explain(const std::string& name) {
    NETCUT_ASSIGN(const Scenario scenario, read(name));
    show("{}: {}\n{}\n\n", name, scenario.description, scenario.files);
    if (!scenario.parameters.empty()) show("parameters (--set NAME=VALUE)\n");
    for (const auto& [parameter, value] : scenario.parameters)
        show("  {:<20} {}\n", parameter,
             parameter == scenario.variant ? "what follows the template's name" : value);
    print_stages(scenario);
    show("aggregator     {}\n", fmt::join(scenario.aggregator.command, " "));
    show("collaborator   {}\n", fmt::join(scenario.collaborator.command, " "));
    if (!scenario.ready.empty()) show("ready          {}\n", scenario.ready);
    if (!scenario.progress.empty()) show("progress       {}\n", scenario.progress);
    if (!scenario.experiments.empty()) show("experiments\n");
    for (const ExperimentSpec& one : scenario.experiments) {
        show("  {:<3} {}: {}\n", one.name, one.what, begin_text(one.fault));
    }
    return 0;
}

Result<int> check_needs(const std::string& name, const std::vector<std::string>& sets) {
    NETCUT_ASSIGN(Scenario scenario, read(name));
    NETCUT_TRY(apply_parameters(scenario, sets));
    NETCUT_ASSIGN(const User user, find_caller(""));
    NETCUT_ASSIGN(const auto missing, Stages(scenario, user, {}).missing_needs());
    for (const NeedSpec& need : missing)
        show("missing: {}\n  tried   {}\n  get it  {}\n", need.name, fmt::join(need.test, " "), need.get);
    if (missing.empty()) show("{}: nothing is missing\n", name);
    return missing.empty() ? 0 : 3;
}

}  // namespace

int templates_command(const TemplatesOptions& options) {
    const auto& [name, sets, check] = options;
    if (!check && !sets.empty())
        return report_error(usage_failure("use --set", "it is for --check, or for netcut-fl run",
                                          "say netcut-fl templates --check NAME --set NAME=VALUE")
                                .value());
    if (check && name.empty())
        return report_error(
            usage_failure("check a template", "none is named", "say netcut-fl templates --check NAME")
                .value());
    const auto status = name.empty() ? list() : check ? check_needs(name, sets) : explain(name);
    return status ? *status : report_error(status.error());
}

}  // namespace netcut::cli
