// SPDX-License-Identifier: Apache-2.0
//
// What can be tried against each cause, and the table of what came of it.
#include "explore/trials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario/check.h"
#include "scenario/tcp.h"
#include "scenario/yaml.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

Scenario federation(const char* hang_after = "60s") {
    Scenario scenario;
    EXPECT_TRUE(read_yaml(
        scenario,
        std::string("aggregator: {command: a}\ncollaborator: {command: c}\nhang_after: ") + hang_after,
        "test.yaml"));
    EXPECT_TRUE(check(scenario));
    return scenario;
}

Explanation explanation(Cause cause) {
    return {.cause = cause,
            .node = "collaborator2",
            .peer = "aggregator",
            .sentence = "s",
            .remedy = remedy_of(cause)};
}

RunOutcome ended(const std::string& verdict) {
    return {.id = "r",
            .exit_status = verdict == "recovered" ? 0 : 1,
            .verdict = {{"verdict", verdict},
                        {"noticed", true},
                        {"exit_status", 1},
                        {"time_to_recover_s", verdict == "recovered" ? Json(9.5) : Json(nullptr)},
                        {"nodes", {{{"node", "collaborator2"}, {"finished", verdict == "recovered"}}}}},
            .took_s = 12};
}

TEST(Trials, EachIsAChangeThatAScenarioTakesAndInTime) {
    for (const auto& one : cause_words)
        for (const char* hang_after : {"2s", "10s", "60s", "1h"}) {
            const Scenario scenario = federation(hang_after);
            for (const Trial& trial : trials_of(explanation(one.value), scenario.hang_after)) {
                Scenario changed = scenario;
                changed.tcp.push_back(trial.change);
                ASSERT_TRUE(check(changed)) << trial.name;
                EXPECT_FALSE(trial.change.keys.empty());
                const auto idle = trial.change.keys.find("keepalive");
                if (idle != trial.change.keys.end() && scenario.hang_after > 4s) {
                    EXPECT_LE(parse_duration(idle->second).value(), scenario.hang_after / 4);
                }
            }
            EXPECT_FALSE(untried_of(explanation(one.value)).empty());
        }
}

TEST(Trials, ForALostReplyAKeepaliveHelpsAndAnotherTimeLimitCannot) {
    const auto trials = trials_of(explanation(Cause::reply_given_up), 60s);
    ASSERT_EQ(trials.size(), 3U);
    EXPECT_EQ(trials[0].name, "keepalive 10s at collaborator2");
    EXPECT_EQ(trials[0].hope, Hope::helps);
    EXPECT_EQ(text_of(trials[0].change),
              "tcp: [{nodes: [collaborator2], keepalive: 10s, keepalive_interval: 3s, keepalive_probes: 3}]");
    EXPECT_EQ(trials[1].name, "user_timeout 10m at aggregator");
    EXPECT_EQ(trials[2].hope, Hope::cannot_help);
}

TEST(Trials, WithoutARemedyOfTcpNothingIsTriedAndThatIsSaid) {
    const TrialTable table = trials_for(federation(), explanation(Cause::no_socket));
    EXPECT_THAT(table.rows, IsEmpty());
    EXPECT_THAT(table.to_text(), HasSubstr("nothing was tried"));
    EXPECT_THAT(table.to_text(), HasSubstr("Look at the threads of the program"));
    EXPECT_EQ(table.exit_status(), 1);
}

TEST(Trials, TheTableSaysWhatHelped) {
    TrialTable table = trials_for(federation(), explanation(Cause::reply_given_up));
    table.recorded = "hung (collaborator2)";
    table.recorded_s = 31;
    ASSERT_EQ(table.rows.size(), 4U);
    for (TrialRow& row : table.rows) row.cell.repeats = {ended("hung")};
    EXPECT_EQ(table.exit_status(), 1);
    EXPECT_THAT(table.to_text(), HasSubstr("None of what was tried helps."));
    table.rows[1].cell.repeats = {ended("recovered")};
    EXPECT_EQ(table.exit_status(), 0);
    EXPECT_THAT(table.to_text(),
                HasSubstr("keepalive 10s at collaborator2 helps: tcp: [{nodes: [collaborator2], "));
    EXPECT_THAT(table.to_text(), HasSubstr("user_timeout 10s at collaborator2 (cannot help)"));
    EXPECT_THAT(table.to_csv(), HasSubstr("should help"));
    EXPECT_EQ(table.to_json().at("rows")[1].at("helped"), true);
    EXPECT_EQ(table.to_json().at("rows")[3].at("helped"), false);
    table.rows[1].cell.repeats.push_back(ended("hung"));
    EXPECT_EQ(table.exit_status(), 1) << "it helps only if it helps each time";
    table.rows[0].cell.repeats = {ended("recovered")};
    EXPECT_THAT(table.to_text(), HasSubstr("does not hang each time"));
}

TEST(Trials, OneThatWasStoppedKeepsWhatWasMade) {
    TrialTable table = trials_for(federation(), explanation(Cause::reply_given_up));
    for (TrialRow& row : table.rows) row.cell.repeats.resize(2);
    table.rows[0].cell.repeats[0] = ended("hung");
    table.leave_out_unmade();
    EXPECT_EQ(table.rows[0].cell.repeats.size(), 1U);
    EXPECT_THAT(table.to_text(), HasSubstr("not run"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
