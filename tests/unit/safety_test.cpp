// SPDX-License-Identifier: Apache-2.0
//
// The second word: whether the model of a run is right.
#include "safety/safety.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "safety/counted_reader.h"
#include "safety/model_judge.h"
#include "safety/twins.h"
#include "scenario/check.h"
#include "scenario/template.h"
#include "scenario/yaml.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

event::Counted begun(const std::string& round) {
    return {.kind = CountedKind::begun, .round = round, .rounds = 2};
}
event::Counted done(const std::string& round) {
    return {.kind = CountedKind::done, .round = round};
}
event::Counted averaged(const std::string& round, unsigned collaborator) {
    return {.kind = CountedKind::averaged,
            .round = round,
            .member = collaborator_name(collaborator),
            .samples = 300};
}

// Two rounds of three collaborators.
Scenario three() {
    Scenario scenario;
    scenario.collaborators = 3;
    scenario.counted.everyone = true;
    scenario.counted.patterns = {{CountedKind::averaged, {"re:(?P<node>x)"}}, {CountedKind::done, {"done"}}};
    return scenario;
}

Facts facts_of(const std::vector<event::Counted>& lines) {
    Facts facts;
    for (const std::string& name : node_names(three())) {
        facts.nodes.emplace_back().name = name;
        facts.nodes.back().started = true;
    }
    for (const event::Counted& line : lines) facts.safety.counting.take(line);
    return facts;
}

std::vector<event::Counted> round_of(const std::string& round, std::vector<event::Counted> updates) {
    std::vector<event::Counted> lines = {begun(round)};
    lines.insert(lines.end(), updates.begin(), updates.end());
    lines.push_back(done(round));
    return lines;
}

std::vector<event::Counted> both(const std::vector<event::Counted>& first,
                                 const std::vector<event::Counted>& second) {
    std::vector<event::Counted> all = first;
    all.insert(all.end(), second.begin(), second.end());
    return all;
}

std::vector<event::Counted> good(const std::string& round) {
    return round_of(round, {averaged(round, 1), averaged(round, 2), averaged(round, 3)});
}

Safety judged(const std::vector<event::Counted>& lines) {
    return judge_safety(facts_of(lines), three());
}

TEST(Safety, NothingIsSaidWhereNothingWasAsked) {
    const Safety safety = judge_safety({}, {});
    EXPECT_FALSE(safety.asked);
}

TEST(Safety, EachUpdateCountedOnceIsNotYetAsUndisturbed) {
    const Safety safety = judged(both(good("1"), good("2")));
    EXPECT_EQ(safety.word, SafetyWord::counted_once) << safety.text();
    Scenario compared = three();
    compared.twins.count = 1;
    EXPECT_EQ(judge_safety(facts_of(both(good("1"), good("2"))), compared).text(),
              "as undisturbed (counted)");
}

TEST(Safety, LinesOfRoundsAloneDoNotSayThatUpdatesWereCounted) {
    Scenario scenario = three();
    scenario.counted.everyone = false;
    const Facts facts = facts_of(both(round_of("1", {}), round_of("2", {})));
    const Safety safety = judge_safety(facts, scenario);
    EXPECT_EQ(safety.word, SafetyWord::unknown) << safety.text();
    EXPECT_FALSE(safety.counted_is_known);
    EXPECT_THAT(safety.text(), HasSubstr("counted: no line told of an update"));
}

TEST(Safety, TotalsAreSaidToBeNumbersOnly) {
    Scenario scenario = three();
    scenario.counted.patterns.erase(CountedKind::averaged);
    const auto total = [](const std::string& round) {
        return round_of(round, {{.kind = CountedKind::total, .round = round, .results = 3}});
    };
    const Safety safety = judge_safety(facts_of(both(total("1"), total("2"))), scenario);
    EXPECT_EQ(safety.word, SafetyWord::counted_once);
    EXPECT_THAT(safety.text(), HasSubstr("only their number was judged"));
}

TEST(Safety, ARoundThatWentOnWithoutACollaborator) {
    const Safety safety = judged(both(round_of("1", {averaged("1", 1), averaged("1", 3)}), good("2")));
    ASSERT_EQ(safety.findings.size(), 1U) << safety.text();
    EXPECT_EQ(safety.findings[0].kind, FindingKind::not_counted);
    EXPECT_EQ(safety.text(), "but: round 1 went on without collaborator2 (not counted)");
    EXPECT_EQ(safety.grid[0][1].finding, FindingKind::not_counted);
    EXPECT_EQ(safety.grid[0][1].counted, 0U);
    EXPECT_FALSE(safety.grid[1][1].finding);
}

TEST(Safety, WhoWasLateIsSaidToBe) {
    const event::Counted late{.kind = CountedKind::late, .round = "1", .member = "collaborator2"};
    auto lines = both(round_of("1", {averaged("1", 1), averaged("1", 3)}), {late});
    EXPECT_THAT(judged(both(lines, good("2"))).text(), HasSubstr("collaborator2 (late)"));
}

TEST(Safety, AnUpdateThatWasCountedTwice) {
    const Safety safety = judged(both(
        round_of("1", {averaged("1", 1), averaged("1", 2), averaged("1", 2), averaged("1", 3)}), good("2")));
    EXPECT_EQ(safety.text(), "but: collaborator2's update of round 1 counted twice");
}

TEST(Safety, WhereUpdatesAreKeyedALineThatComesAgainIsTheSame) {
    Scenario scenario = three();
    scenario.counted.keyed = true;
    const Facts facts = facts_of(both(
        round_of("1", {averaged("1", 1), averaged("1", 2), averaged("1", 2), averaged("1", 3)}), good("2")));
    EXPECT_EQ(judge_safety(facts, scenario).word, SafetyWord::counted_once);
}

TEST(Safety, AnUpdateInPartAndOneFromAnOlderModel) {
    event::Counted half = averaged("1", 2), stale = averaged("2", 2);
    half.received = 100;
    half.whole = 200;
    stale.base = "1";
    const Safety safety = judged(both(round_of("1", {averaged("1", 1), half, averaged("1", 3)}),
                                      round_of("2", {averaged("2", 1), stale, averaged("2", 3)})));
    EXPECT_EQ(safety.text(),
              "but: collaborator2's update of round 1 counted in part (100 of 200 bytes); collaborator2's "
              "update of "
              "round 2 was trained from the model of round 1");
}

TEST(Safety, ARoundThatIsBegunAnewBeforeItWasDoneIsCountedAnew) {
    const auto lines = both(both({begun("1"), averaged("1", 1)}, good("1")), good("2"));
    EXPECT_EQ(judged(lines).word, SafetyWord::counted_once);
}

TEST(Safety, ARoundThatWasDoneTwiceAndOnesThatAreMissing) {
    EXPECT_THAT(judged(both(both(good("1"), good("1")), good("2"))).text(),
                HasSubstr("round 1 was done twice"));
    EXPECT_EQ(judged(good("1")).text(), "but: rounds 1 of 2");
}

TEST(Safety, ARoundThatIsNotOverHasMissedNobody) {
    auto lines = both(good("1"), {begun("2"), averaged("2", 1)});
    EXPECT_EQ(judged(lines).text(), "but: rounds 1 of 2");
}

TEST(Safety, LinesThatNeverCameLeaveItUnknown) {
    const Safety safety = judged({});
    EXPECT_EQ(safety.word, SafetyWord::unknown);
    EXPECT_THAT(safety.text(), HasSubstr("no line told of an update"));
}

TEST(Safety, AnInterruptedRunIsNotJudged) {
    Facts facts = facts_of(good("1"));
    facts.end = EndReason::interrupted;
    EXPECT_EQ(judge_safety(facts, three()).word, SafetyWord::unknown);
}

TEST(Safety, ARunInWhichNoCollaboratorWasStartedIsNotJudged) {
    Facts facts = facts_of({begun("1")});
    facts.end = EndReason::not_ready;
    for (NodeOutcome& node : facts.nodes) node.started = node.name == aggregator_name;
    const Safety safety = judge_safety(facts, three());
    EXPECT_EQ(safety.word, SafetyWord::unknown);
    EXPECT_THAT(safety.text(), HasSubstr("no collaborator was started"));
}

TEST(Safety, HowManyUpdatesThereWereIsEnoughForALostOne) {
    Scenario scenario = three();
    scenario.counted.patterns = {{CountedKind::total, {"total"}}};
    const event::Counted wanted{.kind = CountedKind::total, .round = "1", .wanted = 3};
    const event::Counted results{.kind = CountedKind::total, .round = "1", .results = 2};
    EXPECT_EQ(judge_safety(facts_of({begun("1"), wanted, results, begun("2")}), scenario).text(),
              "but: round 1 counted 2 of 3 updates");
}

// --- the model ---

Scenario with_model(bool deterministic, std::vector<std::string> digests, std::vector<std::string> metrics) {
    Scenario scenario;
    scenario.model.digest = "re:sha256 ([0-9a-f]+)";
    scenario.model.metric = "re:round [0-9]+: accuracy ([0-9.]+)";
    scenario.model.deterministic = deterministic;
    scenario.twins.count = static_cast<unsigned>(digests.size());
    scenario.twins.digests = std::move(digests);
    scenario.twins.metrics = std::move(metrics);
    return scenario;
}

Facts with_seen(const std::string& digest, const std::string& metric) {
    Facts facts = facts_of({});
    facts.safety.model = event::ModelSeen{.digest = digest, .metric = metric};
    return facts;
}

TEST(SafetyOfTheModel, TheSameDigestIsAsUndisturbedAndAnotherIsNot) {
    const Scenario scenario = with_model(true, {"aa"}, {"0.9"});
    EXPECT_EQ(judge_safety(with_seen("aa", "0.9"), scenario).word, SafetyWord::as_undisturbed);
    EXPECT_THAT(judge_safety(with_seen("bb", "0.9"), scenario).text(),
                HasSubstr("the model differs (digest)"));
    EXPECT_THAT(judge_safety(with_seen("", "0.9"), scenario).text(), HasSubstr("no model to compare"));
}

TEST(SafetyOfTheModel, ADigestSaysNothingWhereTrainingIsNotDeterministic) {
    const Safety differ =
        judge_safety(with_seen("cc", "0.85"), with_model(false, {"aa", "bb"}, {"0.84", "0.86"}));
    EXPECT_EQ(differ.word, SafetyWord::as_undisturbed) << differ.text();
    EXPECT_THAT(differ.unjudged, testing::Contains(HasSubstr("differ in it among themselves")));
    const Safety one = judge_safety(with_seen("cc", "0.85"), with_model(false, {"aa"}, {"0.84"}));
    EXPECT_EQ(one.word, SafetyWord::unknown) << one.text();
}

TEST(SafetyOfTheModel, AMetricBeyondWhatChanceMakesIsSaid) {
    Scenario scenario = with_model(false, {"aa", "bb", "cc"}, {"0.840", "0.850", "0.860"});
    EXPECT_THAT(judge_safety(with_seen("dd", "0.300"), scenario).text(),
                HasSubstr("accuracy 0.300, twins 0.84 to 0.86 (by chance"));
    EXPECT_EQ(judge_safety(with_seen("dd", "0.870"), scenario).word, SafetyWord::as_undisturbed);
    scenario.model.band = 0.005;
    EXPECT_EQ(judge_safety(with_seen("dd", "0.870"), scenario).word, SafetyWord::but);
}

// Of n values, a band of 99.9 % must hold the next of the same kind; values that happen to be equal are as coarse as they
// are printed.
TEST(SafetyOfTheModel, TheBandIsAsWideAsFewTwinsMakeIt) {
    const auto few = band_of({"0.84", "0.86"}, false),
               more = band_of({"0.84", "0.85", "0.86", "0.85", "0.84"}, false);
    ASSERT_TRUE(few && more);
    EXPECT_LT(few->least, more->least);
    const auto equal = band_of({"0.97", "0.97", "0.97"}, false);
    ASSERT_TRUE(equal);
    EXPECT_LT(equal->least, 0.96);
    EXPECT_FALSE(band_of({"0.97"}, false));
    EXPECT_EQ(band_of({"0.97"}, true)->most, 0.97);
}

// --- what a scenario says of it ---

TEST(SafetySpec, ReadsTheLinesOfTheReference) {
    Scenario scenario;
    ASSERT_TRUE(read_template(scenario, "reference"));
    ASSERT_TRUE(check(scenario));
    const CountedReader reader(scenario);
    const std::string line =
        "2026-11-30 aggregator: round 2: averaged collaborator3: 310 samples, 131072 of 262144 bytes, "
        "trained from the "
        "model of round 1";
    std::vector<event::Counted> read;
    for (const CountedReader::Line& one : reader.lines())
        if (PatternInLine(one.pattern).holds(line)) read.push_back(reader.read(one, line));
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(read[0].kind, CountedKind::averaged);
    EXPECT_EQ(read[0].round, "2");
    EXPECT_EQ(read[0].member, "collaborator3");
    EXPECT_EQ(read[0].samples, 310U);
    EXPECT_EQ(read[0].received, 131072U);
    EXPECT_EQ(read[0].whole, 262144U);
    EXPECT_EQ(read[0].base, "1");
}

TEST(SafetySpec, SurvivesBeingWrittenAndRead) {
    Scenario scenario;
    ASSERT_TRUE(read_template(scenario, "reference"));
    scenario.twins = {.folder = "twins",
                      .count = 2,
                      .rounds = 5,
                      .digests = {"aa", "aa"},
                      .files = {"bb", "bb"},
                      .metrics = {"0.9", "0.91"},
                      .tensors = {},
                      .members = {{"1", {"collaborator1"}}},
                      .results = {{"1", {1, 2}}},
                      .samples = {{"collaborator1", 300}},
                      .updates = {{"collaborator1", {{10, 20}, {30, 40}}}},
                      .models = {{"collaborator1", {{50, 60}}}}};
    scenario.safety = scenario.deliveries = true;
    scenario.expect.model_as_undisturbed = scenario.expect.counted_once = true;
    const std::string text = write_yaml(scenario);
    Scenario again;
    const auto read = read_yaml(again, text, "scenario.yaml");
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(write_yaml(again), text);
    EXPECT_EQ(again.twins.updates, scenario.twins.updates);
    EXPECT_EQ(again.counted.patterns, scenario.counted.patterns);
}

TEST(SafetySpec, AGroupOfAnotherNameIsRefused) {
    Scenario scenario;
    ASSERT_TRUE(read_template(scenario, "reference"));
    scenario.counted.patterns[CountedKind::averaged] = {"re:(?P<node>a)(?P<sampels>b)"};
    const auto checked = check(scenario);
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().text(), HasSubstr("sampels"));
    scenario.counted.patterns[CountedKind::averaged] = {"re:averaged (?P<round>[0-9]+)"};
    EXPECT_THAT(check(scenario).error().text(), HasSubstr("does not say whose"));
}

TEST(SafetySpec, ACollaboratorHasTheNameThatTheApplicationGivesIt) {
    Scenario scenario;
    scenario.collaborators = 2;
    scenario.counted.name = "site-{index}";
    scenario.counted.patterns[CountedKind::averaged] = {"re:from (?P<node>site-[0-9]+)"};
    const CountedReader reader(scenario);
    EXPECT_EQ(reader.read(reader.lines()[0], "from site-2").member, "collaborator2");
    EXPECT_EQ(reader.read(reader.lines()[0], "from site-9").member, "site-9");
}

TEST(Twins, WhatTheyDoNotAgreeInSaysNothing) {
    Scenario scenario = three();
    Facts one = facts_of(good("1")), other = facts_of(round_of("1", {averaged("1", 1)}));
    one.safety.model = event::ModelSeen{.digest = "aa", .metric = "0.5"};
    const TwinFacts same = twin_facts({one, one}, scenario, {});
    EXPECT_THAT(same.members.at("1"), ElementsAre("collaborator1", "collaborator2", "collaborator3"));
    EXPECT_EQ(same.samples.at("collaborator1"), 300U);
    EXPECT_EQ(same.rounds, 1U);
    EXPECT_THAT(twin_facts({one, other}, scenario, {}).members, IsEmpty());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
