// SPDX-License-Identifier: Apache-2.0
#include "verdict/expectations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <sstream>

#include "base/json.h"
#include "node/exit_status.h"
#include "record/facts.h"
#include "report/final_screen.h"
#include "report/junit.h"
#include "scenario/judgement.h"
#include "scenario/scenario.h"
#include "verdict/verdict.h"
#include "verdict/verdict_json.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

Facts two_nodes() {
    Facts facts;
    for (const char* name : {"aggregator", "collaborator1"}) {
        NodeOutcome node;
        node.name = name;
        node.started = true;
        node.exit = ExitStatus{};
        facts.nodes.push_back(node);
    }
    facts.faults_asked = 1;
    FaultOutcome& outcome = facts.outcomes.emplace_back();
    outcome.fault = "cut";
    outcome.healed = 2s;
    outcome.losses["collaborator1"].up = 3;
    outcome.recovery["collaborator1"] = {800ms, 900ms};
    outcome.recovery["collaborator1"].worked = 900ms;
    facts.rounds.rounds = {{"1", 1s}, {"2", 1s}};
    return facts;
}

std::vector<Expected> judged(const Facts& facts, const Expectations& expect) {
    return judge_expectations(facts, judge(facts), expect);
}

bool met(const Facts& facts, const Expectations& expect) {
    const auto all = judged(facts, expect);
    EXPECT_EQ(all.size(), 1U);
    EXPECT_EQ(all.front().met, all.front().found.empty());
    return all.front().met;
}

TEST(Expectations, RecoveryIsMeasuredAgainstItsLimit) {
    Expectations expect;
    expect.recovered_within = 900ms;
    EXPECT_TRUE(met(two_nodes(), expect));
    expect.recovered_within = 899ms;
    EXPECT_FALSE(met(two_nodes(), expect));
    Facts silent = two_nodes();
    silent.outcomes[0].recovery["collaborator1"].received.reset();
    silent.outcomes[0].recovery["collaborator1"].worked.reset();
    expect.recovered_within = 1h;
    EXPECT_FALSE(met(silent, expect));
    Facts unhealed = two_nodes();
    unhealed.outcomes[0].healed.reset();
    EXPECT_FALSE(met(unhealed, expect));
    Facts unfired = two_nodes();
    unfired.outcomes.clear();
    EXPECT_FALSE(met(unfired, expect));
}

TEST(Expectations, FinishedIsMoreThanNotCrashed) {
    Facts hung = two_nodes();
    hung.nodes[1].stopped_by_us = true;
    Expectations finished;
    finished.finished = true;
    Expectations no_crash;
    no_crash.nobody_crashed = true;
    EXPECT_FALSE(met(hung, finished));
    EXPECT_TRUE(met(hung, no_crash));
    Facts crashed = two_nodes();
    crashed.nodes[1].exit = ExitStatus{false, 1};
    EXPECT_FALSE(met(crashed, finished));
    EXPECT_FALSE(met(crashed, no_crash));
    EXPECT_TRUE(met(two_nodes(), finished));
}

TEST(Expectations, RoundsAndLinesAreCompared) {
    Expectations rounds;
    rounds.rounds = 2;
    EXPECT_TRUE(met(two_nodes(), rounds));
    rounds.rounds = 3;
    EXPECT_FALSE(met(two_nodes(), rounds));
    Expectations line;
    line.logs = {{"aggregator", "re:sha256 ([0-9a-f]+)", "abc"}};
    Facts facts = two_nodes();
    EXPECT_FALSE(met(facts, line));
    facts.log_values[0] = "abd";
    EXPECT_FALSE(met(facts, line));
    facts.log_values[0] = "abc";
    EXPECT_TRUE(met(facts, line));
}

TEST(Expectations, DecideTheExitStatusWhereTheRunSaysSomething) {
    Facts facts = two_nodes();
    facts.nodes[1].stopped_by_us = true;
    facts.end = EndReason::hung;
    const Verdict hung = judge(facts);
    ASSERT_EQ(hung.word(), "hung");
    Expectations expect;
    expect.verdict = "hung";
    EXPECT_EQ(exit_status_of(hung, expect, judged(facts, expect)), 0);
    expect.verdict = "recovered";
    EXPECT_EQ(exit_status_of(hung, expect, judged(facts, expect)), 1);
    EXPECT_EQ(exit_status_of(hung, {}, {}), 1);
    // A moment that never came is no success, unless just that was expected; neither is an interruption.
    const Verdict never{Judgement::not_triggered, "", 4};
    Expectations crash;
    crash.nobody_crashed = true;
    EXPECT_EQ(exit_status_of(never, crash, judged(facts, crash)), 4);
    Expectations nothing;
    nothing.verdict = "not-triggered";
    EXPECT_EQ(exit_status_of(never, nothing, judge_expectations(facts, never, nothing)), 0);
    EXPECT_EQ(exit_status_of({Judgement::error, "", 130}, crash, judged(facts, crash)), 130);
}

TEST(Junit, IsXmlWhateverTheTextsAre) {
    JunitCase bad;
    bad.name = "a <b> & \"c\"";
    bad.outcome = JunitCase::Outcome::failed;
    bad.message = std::string("]]> \x1b[31m \xff \x01", 13);
    bad.output = "<script>";
    JunitCase good;
    good.name = "good";
    good.seconds = 1.5;
    std::istringstream text(junit_xml("suite", {bad, good}));
    boost::property_tree::ptree root;
    boost::property_tree::read_xml(text, root);
    const auto& suite = root.get_child("testsuites.testsuite");
    EXPECT_EQ(suite.get<int>("<xmlattr>.tests"), 2);
    EXPECT_EQ(suite.get<int>("<xmlattr>.failures"), 1);
    EXPECT_EQ(suite.get<std::string>("testcase.<xmlattr>.name"), bad.name);
    EXPECT_THAT(suite.get<std::string>("testcase.failure.<xmlattr>.message"), HasSubstr("]]>"));
    EXPECT_EQ(suite.get<std::string>("testcase.system-out"), "<script>");
}

TEST(Junit, HasACaseForEachExpectation) {
    Json verdict = {{"verdict", "recovered"}, {"reason", "all"}, {"exit_status", 0}, {"noticed", true}};
    EXPECT_EQ(junit_cases(verdict, 2, "").size(), 1U);
    verdict["passed"] = false;
    verdict["expected"] = {{{"what", "a"}, {"met", true}}, {{"what", "b"}, {"met", false}, {"found", "c"}}};
    const auto cases = junit_cases(verdict, 2, "");
    ASSERT_EQ(cases.size(), 2U);
    EXPECT_EQ(cases[0].outcome, JunitCase::Outcome::passed);
    EXPECT_EQ(cases[1].outcome, JunitCase::Outcome::failed);
    EXPECT_THAT(cases[1].message, HasSubstr("c"));
}

TEST(Junit, RunThatProvesNothingHasACaseThatWasSkipped) {
    const Json verdict = {
        {"verdict", "recovered"}, {"reason", "all"}, {"exit_status", 0}, {"noticed", false}};
    const auto cases = junit_cases(verdict, 2, "");
    ASSERT_EQ(cases.size(), 2U);
    EXPECT_EQ(cases[0].outcome, JunitCase::Outcome::passed);
    EXPECT_EQ(cases[1].outcome, JunitCase::Outcome::skipped);
}

TEST(Junit, IsNotGreenWhenExpectationsDoNotDecide) {
    Facts facts = two_nodes();
    facts.outcomes.clear();
    facts.unfired.emplace_back().fault = "cut";
    Scenario scenario;
    scenario.expect.nobody_crashed = true;
    const auto cases = junit_cases(verdict_json(facts, judge(facts), scenario), 2, "");
    ASSERT_EQ(cases.size(), 2U);
    EXPECT_EQ(cases[0].outcome, JunitCase::Outcome::failed) << cases[0].name;
    EXPECT_THAT(cases[0].message, HasSubstr("not-triggered"));
}

// Of the screen, the page and verdict.json.
std::string headline_of(const Facts& facts, const Expectations& expect) {
    const Verdict verdict = judge(facts);
    return headline(verdict, expect, judge_expectations(facts, verdict, expect));
}

TEST(Headline, SaysWhetherTheRunDidWhatWasExpected) {
    Facts facts = two_nodes();
    Expectations expect;
    EXPECT_EQ(headline_of(facts, expect), "recovered");
    expect.finished = expect.nobody_crashed = true;
    EXPECT_EQ(headline_of(facts, expect), "Passed: 2 of 2 expectations");
    expect.rounds = 9;
    EXPECT_EQ(headline_of(facts, expect), "Failed: 1 of 3 expectations");
    facts.nodes[1].exit = ExitStatus{false, 1};
    expect = {};
    expect.verdict = "crashed";
    EXPECT_EQ(headline_of(facts, expect), "Passed: crashed, as expected");
    expect.verdict = "hung";
    EXPECT_EQ(headline_of(facts, expect), "Failed: 1 of 1 expectation");
    facts.end = EndReason::interrupted;
    facts.signal = 15;
    EXPECT_EQ(headline_of(facts, expect), "error") << "no expectation decides";
}

TEST(Headline, IsTheFirstOfTheScreenAndTheVerdictTheSecond) {
    Facts facts = two_nodes();
    Scenario scenario;
    scenario.expect.rounds = 9;
    const std::string screen = final_screen(verdict_json(facts, judge(facts), scenario), "/runs/x", false);
    EXPECT_THAT(screen, testing::StartsWith("\nFailed: 1 of 1 expectation\nrecovered: all nodes finished"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
