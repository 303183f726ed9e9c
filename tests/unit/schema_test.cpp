// SPDX-License-Identifier: Apache-2.0
#include "scenario/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/json.h"
#include "node/exit_status.h"
#include "record/facts.h"
#include "record/journal_schema.h"
#include "record/reader.h"
#include "scenario/judgement.h"
#include "scenario/scenario.h"
#include "verdict/verdict.h"
#include "verdict/verdict_json.h"
#include "verdict/verdict_schema.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// What is written in JSON, but for the values, is what the schema says; where it says so.
void expect_keys(const Json& value, const Json& schema, const std::string& where) {
    if (value.is_array() && schema.contains("items")) {
        for (const Json& one : value) expect_keys(one, schema["items"], where + "[]");
    } else if (value.is_object() && schema.contains("properties")) {
        for (const auto& [key, one] : value.items()) {
            ASSERT_TRUE(schema["properties"].contains(key)) << where << "." << key;
            expect_keys(one, schema["properties"][key], where + "." + key);
        }
        for (const Json& key : schema.value("required", Json::array()))
            EXPECT_TRUE(value.contains(key.get<std::string>())) << where << "." << key;
    }
}

void expect_descriptions(const Json& schema, const std::string& where) {
    for (const char* inner : {"items"})
        if (schema.contains(inner)) expect_descriptions(schema[inner], where);
    if (schema.contains("anyOf"))
        for (const Json& form : schema["anyOf"]) expect_descriptions(form, where);
    if (!schema.contains("properties")) return;
    for (const auto& [key, one] : schema["properties"].items()) {
        EXPECT_TRUE(one.contains("description")) << where << "." << key;
        expect_descriptions(one, where + "." + key);
    }
}

TEST(Schema, EachKeyOfAScenarioHasADescription) {
    const Json schema = Json::parse(scenario_schema());
    expect_descriptions(schema, "");
    expect_descriptions(schema.at("$defs").at("fault"), "fault");
    EXPECT_GT(schema.at("properties").size(), 25u);
}

TEST(Schema, ATriggerHasTheKeysOfItsKindAlone) {
    const Json on = Json::parse(scenario_schema())
                        .at("$defs")
                        .at("fault")
                        .at("anyOf")
                        .at(0)
                        .at("properties")
                        .at("on")
                        .at("anyOf");
    EXPECT_EQ(on.at(0).at("enum"), Json::array({"start"}));
    const Json& log = on.at(1);
    EXPECT_EQ(log.at("required"), Json::array({"log"}));
    EXPECT_EQ(log.at("additionalProperties"), false);
    EXPECT_FALSE(log.at("properties").contains("round"));
    EXPECT_TRUE(on.at(3).at("properties").contains("round"));
}

TEST(Schema, LinesOfAJournalHaveItsKeys) {
    const Json schema = Json::parse(journal_schema());
    std::ifstream file(NETCUT_SOURCE_DIR "/tests/unit/journal.jsonl");
    int lines = 0;
    for (std::string line; std::getline(file, line); ++lines) {
        const auto event = read_event(line).event;
        ASSERT_TRUE(event) << line;
        const Json written = event->to_json();
        expect_keys(written, schema, "line");
        const Json& events = schema.at("anyOf");
        const auto own = std::find_if(events.begin(), events.end(), [&](const Json& one) {
            return one.at("title") == written.at("event");
        });
        ASSERT_NE(own, events.end()) << line;
        expect_keys(written.value("details", Json::object()), own->at("properties").at("details"), line);
    }
    EXPECT_GT(lines, 40);
}

// Facts with something of everything that a verdict can have.
Facts all_facts() {
    Facts facts;
    FaultOutcome outcome;
    outcome.fault = "cut";
    outcome.healed = std::chrono::seconds(2);
    outcome.missed = 1;
    outcome.list_period = 100;
    outcome.cycle = outcome.cycles = 1;
    outcome.losses["collaborator1"] = {};
    outcome.recovery["collaborator1"].conversations.emplace_back();
    outcome.recovery["collaborator1"].unresolved.emplace_back();
    outcome.pauses["collaborator1"] = {};
    FaultOutcome queued = outcome;
    queued.queued = true;
    facts.outcomes = {outcome, queued};
    NodeOutcome node;
    node.name = "collaborator1";
    node.started = true;
    node.starts = 2;
    node.left_behind = 1;
    node.late_lines = LineBurst{1, 2};
    node.figures.fill(1);
    node.exit = ExitStatus{};
    facts.nodes = {node};
    facts.rounds = {"collaborator1", {{"1", std::chrono::seconds(1)}}};
    facts.half_open.emplace_back();
    facts.faults_asked = 2;
    return facts;
}

TEST(Schema, AVerdictHasItsKeys) {
    const Json schema = Json::parse(verdict_schema());
    expect_descriptions(schema.at("properties").at("nodes").at("items").at("properties"), "nodes");
    Scenario scenario;
    scenario.expect.rounds = 3;
    scenario.expect.verdict = "hung";
    const Facts facts = all_facts();
    for (const Judgement judgement : {Judgement::recovered, Judgement::crashed}) {
        Verdict verdict;
        verdict.judgement = judgement;
        verdict.culprit = "collaborator1";
        verdict.culprit_exit = ExitStatus{};
        const Json json = verdict_json(facts, verdict, scenario);
        expect_keys(json, schema, "verdict");
        EXPECT_GT(json.at("half_open").size() + json.at("expected").size(), 2u);
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
