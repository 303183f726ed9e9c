// SPDX-License-Identifier: Apache-2.0
#include "scenario/stage_yaml.h"

namespace netcut {
namespace {

void read_command(YamlSection& section, StageCommand& command) {
    section.command("run", command.run);
    section.text("cwd", command.cwd);
    const auto each = [&](const std::string& word) -> Result<void> {
        if (word != "collaborator") return usage_failure("do it for each " + word, "it can be: collaborator");
        command.each_collaborator = true;
        return {};
    };
    section.scalar("each", each, words_schema({"collaborator"}));
    section.text("if", command.wanted);
    section.command("only_if", command.only_if);
    section.command("unless", command.unless);
    if (command.run.empty()) section.missing("run", "a stage's command needs `run:`");
}

// They are removed before the stage, so they must be its own.
bool is_below(const std::string& path) {
    return !path.empty() && !path.starts_with('/') && ("/" + path + "/").find("/../") == std::string::npos &&
           ("/" + path + "/").find("/./") == std::string::npos;
}

void read_stage(YamlSection& section, StageSpec& stage) {
    stage.commands.clear();
    section.sections("commands", [&](YamlSection& one) { read_command(one, stage.commands.emplace_back()); });
    section.command("version", stage.version);
    section.list("inputs", stage.inputs);
    section.list("makes", stage.makes);
    section.duration("timeout", stage.timeout);
    for (const std::string& path : stage.makes)
        if (!is_below(path)) section.fail_at("makes", "'" + path + "' is not below the workspace", "");
}

}  // namespace

void read_stages(YamlSection& section, Scenario& scenario) {
    section.section("stages", [&](YamlSection& stages) {
        scenario.stages.clear();
        for (const char* name : stage_names)
            stages.section(name, [&](YamlSection& one) {
                StageSpec& stage = scenario.stages.emplace_back();
                stage.name = name;
                read_stage(one, stage);
            });
    });
    bool first = true;
    section.sections("needs", [&](YamlSection& one) {
        if (std::exchange(first, false)) scenario.needs.clear();
        NeedSpec& need = scenario.needs.emplace_back();
        one.text("name", need.name);
        one.command("test", need.test);
        one.text("get", need.get);
        if (need.name.empty()) one.missing("name", "a need has a name and a test");
        if (need.test.empty()) one.missing("test", "a need has a name and a test");
    });
}

}  // namespace netcut
