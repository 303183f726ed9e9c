// SPDX-License-Identifier: Apache-2.0
#include "scenario/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "explore/experiments.h"
#include "scenario/check.h"
#include "scenario/fault_kind.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"
#include "scenario/yaml.h"
#include "stage/inputs.h"
#include "trigger/pattern.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::Contains;
using testing::HasSubstr;

Scenario read(const std::string& yaml) {
    Scenario scenario;
    const auto result = read_yaml(scenario, yaml, "t.yaml");
    EXPECT_TRUE(result) << result.error().text();
    return scenario;
}

std::string error_of(const std::string& yaml) {
    Scenario scenario;
    const auto result = read_yaml(scenario, yaml, "t.yaml");
    return result ? "" : result.error().text();
}

std::string commands(const Scenario& scenario) {
    return commands_text(scenario, scenario.stages.front()).value();
}

const std::string two_stages =
    "parameters: {a: 1, b: 2}\n"
    "stages:\n"
    "  certify:\n"
    "    commands: [{run: 'sign {name} {a}', each: collaborator}]\n"
    "  prepare:\n"
    "    commands: [{run: 'install {workspace}/x'}]\n";

TEST(Template, BuiltInOnesAreFoundAndCanBeRead) {
    EXPECT_THAT(template_names(), Contains("reference"));
    EXPECT_THAT(template_names(), Contains("openfl"));
    for (const std::string& name : template_names()) {
        Scenario scenario;
        const auto plain = read_template(scenario, name);
        Scenario variant;
        const auto with_variant = read_template(variant, name + "/x");
        EXPECT_NE(plain.has_value(), with_variant.has_value()) << name;
        EXPECT_FALSE((plain ? scenario : variant).description.empty()) << name;
    }
}

TEST(Template, WhatFollowsItsNameIsItsVariant) {
    const auto place = find_template("openfl/keras_cnn_mnist");
    ASSERT_TRUE(place) << place.error().text();
    EXPECT_EQ(place->name, "openfl");
    EXPECT_EQ(place->variant, "keras_cnn_mnist");
    Scenario scenario;
    ASSERT_TRUE(read_template(scenario, "openfl/keras_cnn_mnist"));
    EXPECT_EQ(scenario.parameters.at("workspace-template"), "keras_cnn_mnist");
    EXPECT_EQ(scenario.template_name, "openfl/keras_cnn_mnist");
}

TEST(Template, VariantThatIsMissingOrTooMuchIsRefused) {
    Scenario bare;
    EXPECT_THAT(read_template(bare, "openfl").error().text(), HasSubstr("openfl/NAME"));
    Scenario more;
    EXPECT_THAT(read_template(more, "reference/x").error().text(), HasSubstr("nothing after its name"));
}

TEST(Template, TypoIsToldWithTheNearestName) {
    EXPECT_THAT(find_template("refrence").error().text(), HasSubstr("did you mean reference?"));
    EXPECT_THAT(find_template("./nowhere").error().text(), HasSubstr("nowhere/template.yaml"));
}

TEST(StageYaml, StagesComeInTheirOrder) {
    const Scenario scenario = read(two_stages);
    ASSERT_EQ(scenario.stages.size(), 2U);
    EXPECT_EQ(scenario.stages[0].name, "prepare");
    EXPECT_EQ(scenario.stages[1].name, "certify");
    EXPECT_TRUE(scenario.stages[1].commands.front().each_collaborator);
}

TEST(StageYaml, MistakesAreToldWithLineAndColumn) {
    EXPECT_THAT(error_of("stages:\n  preparation: {}\n"), HasSubstr("t.yaml:2:3"));
    EXPECT_THAT(error_of("stages:\n  prepare:\n    commands: [{each: collaborator}]\n"),
                HasSubstr("t.yaml:3:16"));
    EXPECT_THAT(error_of("stages:\n  prepare:\n    commands: [{run: x, each: node}]\n"),
                HasSubstr("t.yaml:3:31"));
    EXPECT_THAT(error_of("stages:\n  prepare:\n    makes: [a/../../b]\n"),
                HasSubstr("not below the workspace"));
    EXPECT_THAT(error_of("stages:\n  prepare:\n    makes: [.]\n"), HasSubstr("not below the workspace"));
    EXPECT_THAT(error_of("stages:\n  prepare:\n    makes: [/etc]\n"), HasSubstr("not below the workspace"));
}

TEST(StageKey, DependsOnWhatTheCommandsSayAndOnNothingElse) {
    Scenario scenario = read(two_stages);
    std::swap(scenario.stages[0], scenario.stages[1]);  // certify, which uses {a} and each collaborator
    const std::string before = commands(scenario);
    scenario.parameters["b"] = "changed";
    EXPECT_EQ(commands(scenario), before);
    scenario.collaborators = 3;
    EXPECT_NE(commands(scenario), before);
    scenario.collaborators = 2;
    scenario.parameters["a"] = "changed";
    EXPECT_NE(commands(scenario), before);
}

TEST(StageKey, WorkspaceMayBeMoved) {
    Scenario scenario = read(two_stages);
    scenario.workspace = "/here";
    const std::string before = commands(scenario);
    scenario.workspace = "/there";
    EXPECT_EQ(commands(scenario), before);
}

TEST(StageKey, DifferenceNamesWhatChanged) {
    EXPECT_EQ(difference({{"a", "1"}, {"b", "1"}}, {{"a", "1"}, {"b", "1"}}), "");
    EXPECT_EQ(difference({{"a", "1"}, {"b", "1"}}, {{"a", "2"}, {"c", "1"}}), "a, b, c");
}

TEST(Template, CommandThatStandsForNothingIsRefused) {
    Scenario scenario;
    ASSERT_TRUE(read_template(scenario, "plain"));
    const auto checked = check(scenario);
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().text(), HasSubstr("{server}"));
}

// The node that is cut is collaborator2; `lines` of OpenFL's log, as it prints them, wrapped.
std::vector<std::string> lines_of_openfl(const std::string& node) {
    std::vector<std::string> lines;
    std::ifstream log(std::string(NETCUT_SOURCE_DIR) + "/tests/unit/openfl/" + node + ".log");
    for (std::string line; std::getline(log, line);) lines.push_back(line);
    return lines;
}

TEST(OpenFL, PatternsOfItsMomentsMatchItsWrappedLogEvenWithLongNamesOfTensors) {
    Scenario scenario;
    ASSERT_TRUE(read_template(scenario, "openfl/keras_cnn_mnist"));
    scenario.collaborators = 2;
    for (const ExperimentSpec& moment : scenario.experiments) {
        const auto made =
            experiment_scenario(scenario, moment, {fault_kind("drop"), std::chrono::seconds(1)});
        ASSERT_TRUE(made) << made.error().text();
        const FaultTrigger& trigger = made->faults.front().trigger;
        const bool of_phase = trigger.kind == FaultTrigger::Kind::phase;
        const Pattern pattern = Pattern::parse(of_phase ? trigger.phase.armed_by : trigger.pattern).value();
        const std::string& node = of_phase ? trigger.phase.armed_by_node : trigger.node;
        const auto lines = lines_of_openfl(node == aggregator_name ? node : "collaborator");
        ASSERT_FALSE(lines.empty());
        const auto matches =
            static_cast<unsigned>(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
                return PatternInLine(pattern).holds(line);
            }));
        if (of_phase && trigger.phase.kind == PhaseMoment::Kind::idle)  // in whichever round
            EXPECT_GE(matches, 1U) << moment.name;
        else
            EXPECT_EQ(matches, trigger.nth) << moment.name;
    }
}

TEST(OpenFL, ProgressOfItsWrappedLogIsItsRounds) {
    Scenario scenario;
    ASSERT_TRUE(read_template(scenario, "openfl/keras_cnn_mnist"));
    const Pattern progress = Pattern::parse(scenario.progress).value();
    std::set<std::string> rounds;
    for (const std::string& line : lines_of_openfl("aggregator"))
        if (const auto round = PatternInLine(progress).first_group(line)) rounds.insert(*round);
    EXPECT_THAT(rounds, testing::ElementsAre("0", "1"));
}

TEST(Template, PathsAreParameters) {
    EXPECT_THAT(error_of("parameters: {app: .}\npaths: [ap]\n"),
                HasSubstr("'ap' is not one of the parameters"));
    EXPECT_THAT(read("parameters: {app: .}\npaths: [app]\n").paths, testing::ElementsAre("app"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
