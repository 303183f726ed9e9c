// SPDX-License-Identifier: Apache-2.0
#include "verdict/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "node/exit_status.h"
#include "node/node.h"
#include "record/event.h"
#include "record/facts.h"
#include "report/final_screen.h"
#include "scenario/fault_kind.h"
#include "scenario/scenario.h"
#include "unit/cut_facts.h"
#include "verdict/expectations.h"
#include "verdict/verdict_json.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

TEST(Judge, RecoveredWithTheTimeItTook) {
    const Facts facts = cut_and_back();
    const Verdict verdict = judge(facts);
    EXPECT_EQ(verdict.word(), "recovered");
    EXPECT_EQ(verdict.exit_status, 0);
    EXPECT_THAT(verdict.reason, HasSubstr("0.250 s"));
    const Json json = verdict_json(facts, verdict, {});
    EXPECT_EQ(json.at("packets_lost"), 6);
    EXPECT_EQ(json.at("time_to_recover_s"), 0.25);
    EXPECT_EQ(json.at("noticed"), true);
}

TEST(Judge, CutThatLostNothingWasNotNoticed) {
    Facts facts = cut_and_back();
    facts.outcomes[0].losses["collaborator1"] = {};
    EXPECT_EQ(judge(facts).word(), "recovered");
    EXPECT_THAT(judge(facts).reason, HasSubstr("nobody noticed"));
}

TEST(Judge, CrashNamesTheCutNodeBeforeThoseThatFollowedIt) {
    Facts facts = cut_and_back();
    facts.nodes = {ended("aggregator", 9), ended("collaborator1", 1), stopped("collaborator2")};
    facts.end = EndReason::hung;
    const Verdict verdict = judge(facts);
    EXPECT_EQ(verdict.word(), "crashed");
    EXPECT_EQ(verdict.exit_status, 1);
    EXPECT_THAT(verdict.reason, HasSubstr("collaborator1 ended with exit code 1 after the fault"));
    EXPECT_THAT(verdict.reason, HasSubstr("collaborator2 waited 1m"));
}

TEST(Judge, NodeThatEndedInOrderDuringTheFaultIsNamed) {
    Facts facts = cut_and_back();
    facts.nodes = {ended("aggregator", 0), ended("collaborator1", 1), ended("collaborator2", 0)};
    facts.nodes[0].ended = 2s;
    EXPECT_THAT(
        judge(facts).reason,
        HasSubstr(
            "collaborator1 ended with exit code 1 after the fault; aggregator ended by itself with exit "
            "code 0 during the fault"));
    facts.nodes[2].ended = 2500ms;
    EXPECT_THAT(judge(facts).reason,
                HasSubstr("; aggregator, collaborator2 ended by themselves with exit code 0"));
    facts.nodes[0].ended = facts.nodes[2].ended = 4s;
    EXPECT_THAT(judge(facts).reason, Not(HasSubstr("during the fault")));
}

TEST(Judge, CrashBeforeAnyFaultIsSaidToBe) {
    Facts facts;
    facts.faults_asked = 1;
    facts.nodes = {ended("aggregator", 0, false), ended("collaborator1", 1, false)};
    EXPECT_EQ(judge(facts).word(), "crashed");
    EXPECT_THAT(judge(facts).reason, HasSubstr("before any fault"));
}

TEST(Judge, HangNamesWhoIsLeftAndTheHalfOpenSocket) {
    Facts facts = cut_and_back();
    facts.end = EndReason::hung;
    facts.nodes = {stopped("aggregator"), stopped("collaborator1"), ended("collaborator2", 0)};
    facts.half_open = {{"collaborator1", "aggregator", {}, false}};
    const Verdict verdict = judge(facts);
    EXPECT_EQ(verdict.word(), "hung");
    EXPECT_EQ(verdict.exit_status, 1);
    EXPECT_THAT(verdict.reason, HasSubstr("no progress for 1m; aggregator, collaborator1 did not end"));
    EXPECT_THAT(verdict.reason, HasSubstr("half open"));
    facts.half_open[0].address_gone = true;
    facts.half_open[0].socket.local = boost::asio::ip::make_address("10.99.0.3");
    EXPECT_THAT(
        judge(facts).reason,
        HasSubstr("collaborator1 holds a connection to aggregator from 10.99.0.3, an address that it no "
                  "longer has (half open)"));
    facts.half_open = {{"aggregator", "nobody", {}, false}};
    facts.half_open[0].socket.remote = boost::asio::ip::make_address("10.99.0.3");
    EXPECT_THAT(
        judge(facts).reason,
        HasSubstr("aggregator holds a connection to 10.99.0.3, an address that no node has any more"));
}

TEST(Judge, OtherEnds) {
    Facts facts;
    facts.nodes = {ended("aggregator", 0), ended("collaborator1", 0)};
    EXPECT_EQ(judge(facts).word(), "undisturbed");
    EXPECT_EQ(judge(facts).exit_status, 0);
    facts.faults_asked = 1;
    facts.unfired = {{"cut", true}};
    EXPECT_EQ(judge(facts).word(), "not-triggered");
    EXPECT_THAT(judge(facts).reason, HasSubstr("still in its delay"));
    EXPECT_EQ(judge(facts).exit_status, 4);
    facts.end = EndReason::interrupted;
    facts.signal = 2;
    EXPECT_EQ(judge(facts).word(), "error");
    EXPECT_EQ(judge(facts).exit_status, 130);
    facts.end = EndReason::failed;
    facts.error.kind = Error::Kind::machine;
    EXPECT_EQ(judge(facts).exit_status, 3);
}

TEST(Judge, NodesThatWereNeverStartedAreNoSuccess) {
    Facts facts = cut_and_back();
    facts.nodes[2] = {"collaborator2", false, {}, false, false};
    EXPECT_EQ(judge(facts).word(), "crashed");
    EXPECT_THAT(judge(facts).reason, HasSubstr("collaborator2 was never started"));
}

TEST(Judge, FaultThatNeverFiredIsToldThoughAnotherDid) {
    Facts facts = cut_and_back();
    facts.unfired = {{"second", false}};
    EXPECT_EQ(judge(facts).exit_status, 4);
    EXPECT_THAT(judge(facts).reason, HasSubstr("second never saw its moment"));
}

TEST(Judge, CrashBeforeTheCutIsNamedBeforeOneAfterIt) {
    Facts facts = cut_and_back();
    facts.nodes = {ended("aggregator", 3, false), ended("collaborator1", 1), ended("collaborator2", 0)};
    EXPECT_THAT(judge(facts).reason,
                HasSubstr("aggregator ended with exit code 3 before the fault; collaborator1 ended"));
}

// The run ended by its end line, or with its collaborators, while nodes still ran.
Facts ended_by(EndReason reason) {
    Facts facts = cut_and_back();
    facts.end = reason;
    for (NodeOutcome& node : facts.nodes) node = stopped(node.name);
    return facts;
}

TEST(Judge, EndLineMakesNoNodeGreenThatTookNoPartAfterItsLastHeal) {
    Facts facts = ended_by(EndReason::finished);
    EXPECT_EQ(judge(facts).word(), "recovered");
    EXPECT_EQ(verdict_json(facts, judge(facts), {}).at("nodes")[1].at("after_faults"), "took part");
    EXPECT_THAT(shown(facts), HasSubstr("nodes   3 of 3 finished, 3 of them by the end line\n"));
    facts.outcomes[0].recovery["collaborator1"] = {100ms, {}};
    EXPECT_EQ(judge(facts).word(), "hung");
    EXPECT_EQ(judge(facts).exit_status, 1);
    EXPECT_EQ(judge(facts).reason,
              "the end line came; collaborator1 waits since cut healed: no data went both ways");
    EXPECT_THAT(shown(facts),
                HasSubstr("nodes   2 of 3 finished, 2 of them by the end line\n        collaborator1: "));
    facts.half_open = {{"collaborator1", "aggregator", {}, false}};
    EXPECT_THAT(judge(facts).reason, HasSubstr("it holds a half-open connection"));
    facts.outcomes[0].recovery["collaborator1"].conversations = {
        {"aggregator", "10.99.0.3 port 1", "10.99.0.2 port 2", Conversation::Outcome::half_open, {}}};
    EXPECT_THAT(judge(facts).reason, testing::EndsWith("(10.99.0.2 port 2) is half open"));
    facts.outcomes[0].recovery["collaborator1"].conversations.clear();
    facts.outcomes[0].healed.reset();
    EXPECT_EQ(judge(facts).reason, "the end line came; collaborator1 was cut off by cut to the end");
    facts.outcomes[0].losses["collaborator1"] = {};
    EXPECT_EQ(judge(facts).word(), "recovered") << "it did not meet the fault";
}

TEST(Judge, NodeThatEndedBeforeTheHealHasLeft) {
    Facts facts = cut_and_back();
    facts.nodes[1].ended = 2s;
    facts.outcomes[0].recovery["collaborator1"] = {};
    const Verdict verdict = judge(facts);
    EXPECT_EQ(verdict.word(), "left");
    EXPECT_EQ(verdict.exit_status, 1);
    EXPECT_EQ(verdict.reason, "all nodes ended; collaborator1 left with exit 0 after cut, before it healed");
    const Json json = verdict_json(facts, verdict, {});
    EXPECT_EQ(json.at("nodes")[1].at("finished"), false);
    EXPECT_THAT(final_screen(json, "run", false), HasSubstr("collaborator1: exit code 0; left with exit 0"));
    facts.end = EndReason::hung;
    facts.nodes[0] = stopped("aggregator");
    EXPECT_EQ(judge(facts).word(), "hung");
    EXPECT_THAT(judge(facts).reason, HasSubstr("collaborator1 left"));
}

TEST(Judge, CollaboratorsThatEndedMakeTheWorkDone) {
    Facts facts = cut_and_back();
    facts.end = EndReason::collaborators_ended;
    facts.nodes[0] = stopped("aggregator");
    EXPECT_EQ(judge(facts).word(), "recovered");
    EXPECT_THAT(judge(facts).reason, HasSubstr("all collaborators finished"));
    Expectations expect;
    expect.finished = true;
    EXPECT_TRUE(judge_expectations(facts, judge(facts), expect).front().met);
    facts.end = EndReason::finished;
    EXPECT_FALSE(judge_expectations(facts, judge(facts), expect).front().met);
}

TEST(Judge, NodeThatStayedSilentLeavesNoTimeToRecover) {
    Facts facts = cut_and_back();
    facts.outcomes[0].losses["collaborator2"] = {1, 0, 0};
    facts.outcomes[0].recovery["collaborator2"] = {};
    EXPECT_THAT(judge(facts).reason, HasSubstr("collaborator2 left with exit 0 after cut, which had healed"));
    facts.outcomes[0].recovery["collaborator2"].exchanged = true;  // while the fault was on
    EXPECT_THAT(judge(facts).reason, HasSubstr("1 of 2 times"));
    EXPECT_TRUE(verdict_json(facts, judge(facts), {}).at("time_to_recover_s").is_null());
}

TEST(Judge, NodeThatWentOnOnlyAfterTheNextFiringHasNotLeft) {
    Facts facts = cut_and_back();
    FaultOutcome next = facts.outcomes[0];
    next.losses["collaborator1"] = {};
    Recovery& first = facts.outcomes[0].recovery["collaborator1"] = {};
    Conversation& given_up = first.conversations.emplace_back();
    given_up.peer = "aggregator";
    given_up.outcome = Conversation::Outcome::given_up;
    EXPECT_EQ(judge(facts).word(), "left");
    next.fired = 3100ms;  // too soon for anybody to come back
    next.healed = 4s;
    next.recovery["collaborator1"].exchanged = true;
    facts.outcomes.push_back(next);
    EXPECT_EQ(judge(facts).word(), "recovered") << judge(facts).reason;
}

TEST(Judge, CutThatNeverHealedIsSaidToBe) {
    Facts facts = cut_and_back();
    facts.outcomes[0].healed.reset();
    facts.outcomes[0].recovery.clear();
    EXPECT_EQ(judge(facts).reason,
              "all nodes ended; collaborator1 left with exit 0 after cut, which did not heal");
    facts.outcomes[0].losses["collaborator1"] = {};
    EXPECT_THAT(judge(facts).reason, HasSubstr("active to the end"));
}

// Collaborator1 comes back under another address, and nothing was under way meanwhile.
Facts renumbered() {
    Facts facts = cut_and_back();
    facts.outcomes[0].kind = fault_kind("renumber");
    facts.outcomes[0].renumbered = true;
    facts.outcomes[0].losses["collaborator1"] = {};
    return facts;
}

TEST(Judge, NodeThatSpeaksUnderAnotherAddressIsNoticedThoughNoPacketWasLost) {
    const Facts facts = renumbered();
    EXPECT_THAT(judge(facts).reason, HasSubstr("no packet met a fault, but collaborator1 came back under "
                                               "another address; work went on within"));
    EXPECT_THAT(judge(facts).reason, Not(HasSubstr("nobody noticed")));
    EXPECT_EQ(verdict_json(facts, judge(facts), {}).at("noticed"), true);
}

TEST(Judge, NodeWithAnotherAddressIsNamedAlsoWhenPacketsWereLost) {
    Facts facts = cut_and_back();
    facts.outcomes[0].renumbered = true;
    EXPECT_THAT(judge(facts).reason,
                HasSubstr("finished; collaborator1 came back under another address; work"));
}

TEST(Judge, NodeWithAnotherAddressThatNeverSpeaksAgainIsNotNoticed) {
    Facts facts = renumbered();
    facts.outcomes[0].recovery["collaborator1"] = {};
    EXPECT_THAT(judge(facts).reason, HasSubstr("nobody noticed"));
    EXPECT_EQ(verdict_json(facts, judge(facts), {}).at("noticed"), false);
}

TEST(Judge, FlapIsOneFaultThatIsRecoveredFromAfterItsLastCycle) {
    Facts facts = flapped();
    EXPECT_EQ(judge(facts).reason,
              "all nodes finished; cut was on and off 3 times; work went on within 0.250 s of "
              "the last heal");
    EXPECT_EQ(verdict_json(facts, judge(facts), {}).at("time_to_recover_s"), 0.25);
    EXPECT_EQ(verdict_json(facts, judge(facts), {}).at("packets_lost"), 18);
    facts.outcomes[2].recovery["collaborator1"] = {};
    facts.outcomes[2].recovery["collaborator1"].exchanged = true;
    EXPECT_THAT(judge(facts).reason, HasSubstr("1 of 1 times the work of a node did not go on after"));
}

TEST(Judge, EachFlapOfSeveralIsRecoveredFrom) {
    Facts facts = flapped();
    for (FaultOutcome outcome : flapped().outcomes) {
        outcome.fired += 10s;
        outcome.healed = *outcome.healed + 10s;
        outcome.recovery["collaborator1"] = {};
        outcome.recovery["collaborator1"].exchanged = true;
        facts.outcomes.push_back(outcome);
    }
    EXPECT_THAT(judge(facts).reason, HasSubstr("1 of 2 times the work of a node did not"));
}

TEST(Judge, ProcessesThatWentOnInAPauseAreTold) {
    Facts facts = cut_and_back();
    facts.outcomes[0].kind = fault_kind("pause");
    Pause& pause = facts.outcomes[0].pauses["collaborator1"];
    pause.processes = 3;
    EXPECT_THAT(judge(facts).reason, Not(HasSubstr("in the pause")));
    EXPECT_THAT(shown(facts), HasSubstr("its 3 processes stood still"));
    pause.processes = 1;
    EXPECT_THAT(shown(facts), HasSubstr("its process stood still"));
    pause.processes = 3;
    pause.unstopped = 1;
    EXPECT_THAT(judge(facts).reason, HasSubstr("1 of 3 processes of collaborator1 went on in the pause"));
    EXPECT_THAT(shown(facts), HasSubstr("1 of its 3 processes went on"));
}

TEST(Verdict, TheMedianOfAnEvenNumberOfRoundsIsBetweenTheTwoInTheMiddle) {
    Facts facts = cut_and_back();
    facts.rounds.rounds = {{"1", 4s}, {"2", 1s}, {"3", 2s}, {"4", 9s}};
    EXPECT_EQ(verdict_json(facts, judge(facts), {}).at("rounds").at("median_s"), 3.0);
    facts.rounds.rounds.pop_back();
    EXPECT_EQ(verdict_json(facts, judge(facts), {}).at("rounds").at("median_s"), 2.0);
}

TEST(Verdict, TellsThatAReplySlippedThroughBeforeTheCut) {
    Facts facts = cut_and_back();
    facts.outcomes[0].missed = 1;
    const Json json = verdict_json(facts, judge(facts), {});
    EXPECT_EQ(json.at("faults")[0].at("missed"), 1);
    EXPECT_THAT(final_screen(json, "run", false),
                HasSubstr("later than asked for: a reply passed before it"));
    facts.unfired = {{"cut", false, false, 3}};
    facts.outcomes.clear();
    EXPECT_THAT(judge(facts).reason, HasSubstr("cut missed 3 replies"));
    facts.unfired = {{"cut", false, false, 1}};
    EXPECT_THAT(judge(facts).reason, HasSubstr("cut missed a reply"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
