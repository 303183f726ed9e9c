// SPDX-License-Identifier: Apache-2.0
//
// The nodes of a run: what they are started with, what becomes of what they print, and how they end.
#include "run/run_nodes.h"

#include "run_parts_fixture.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace run_parts;
using testing::StartsWith;

class RunNodesTest : public RunPartsTest {};

TEST_F(RunNodesTest, EachIsStartedWithItsCommandItsEnvironmentAndTheNamesOfAll) {
    make({}, "env: {WHO: '{name}', KEPT: scenario}");
    EXPECT_THAT(node(2).spec_.argv, ElementsAre("client", "collaborator2"));
    EXPECT_EQ(node(2).spec_.env.at("WHO"), "collaborator2");
    ASSERT_TRUE(course_->begin());
    EXPECT_THAT(calls(), ElementsAre("aggregator: start"));
    EXPECT_THAT(node(0).hosts_, HasSubstr("10.0.0.1 aggregator hub\n"));
    started(0);
    prints(0, "ready\n");
    timers_.run_posted();
    EXPECT_THAT(calls(), ElementsAre("collaborator1: start", "collaborator2: start"));
    EXPECT_THAT(node(2).hosts_, HasSubstr("10.0.0.2 collaborator1\n"));
}

TEST_F(RunNodesTest, ANodeThatCannotBeStartedFailsTheRun) {
    make();
    node(2).fails_ = "start";
    ASSERT_TRUE(course_->begin());
    started(0);
    prints(0, "ready\n");
    timers_.run_posted();
    EXPECT_THAT(parts_.errors, ElementsAre("start"));
    EXPECT_EQ(course_->phase(), RunPhase::stopping);
    EXPECT_THAT(calls(), Contains("aggregator: signal 15"));
}

TEST_F(RunNodesTest, ItsLinesAreWatchedHoweverTheyCome) {
    make({"on: {log: 'round 2', node: collaborator1}, for: 5s"});
    run();
    prints(1, "rou");
    prints(1, "nd 2");
    EXPECT_THAT(fault_network_.calls(0), ElementsAre("fire"));
    prints(1, "\n");
    EXPECT_EQ(last<event::Progress>().round, "2");
    prints(2, "round 3\n", Stream::err);
    EXPECT_EQ(last<event::Progress>().round, "3");
    ASSERT_TRUE(nodes_->flush());
    EXPECT_THAT(file("logs/times.csv"), HasSubstr(",collaborator2,err,8\n"));
}

TEST_F(RunNodesTest, OneThatCrashesIsNotedWithItsCodeAndOneThatEndsWellIsNot) {
    make();
    run();
    ends(1, {.value = 3});
    EXPECT_THAT(failed_, ElementsAre(1U));
    const auto exited = last<event::NodeExited>();
    EXPECT_EQ(exited.exit.value, 3);
    EXPECT_FALSE(exited.stopped_by_us);
    ends(2);
    EXPECT_THAT(failed_, ElementsAre(1U));
    EXPECT_FALSE(nodes_->now(1).runs);
    EXPECT_TRUE(nodes_->now(1).has_ended);
    EXPECT_TRUE(nodes_->runs(0));
}

TEST_F(RunNodesTest, WhatWeStopDidNotFail) {
    make();
    run();
    course_->stop(SIGINT);
    EXPECT_THAT(calls(),
                ElementsAre("aggregator: signal 15", "collaborator1: signal 15", "collaborator2: signal 15"));
    ends(1, {.signaled = true, .value = SIGTERM});
    EXPECT_TRUE(last<event::NodeExited>().stopped_by_us);
    EXPECT_THAT(failed_, IsEmpty());
    timers_.pass(scenario_.grace);
    EXPECT_THAT(calls(), Contains("collaborator2: kill"));
}

TEST_F(RunNodesTest, AFaultThatKillsStartsItAgainWhenItsTimeIsOver) {
    make({"kind: restart, on: {log: 'round 2', node: collaborator2}, for: 4s"});
    run();
    prints(2, "round 2\n");
    EXPECT_THAT(calls(), ElementsAre("collaborator2: signal all 9"));
    ends(2, {.signaled = true, .value = SIGKILL});
    EXPECT_TRUE(last<event::NodeExited>().killed_by_fault);
    EXPECT_TRUE(nodes_->now(2).will_start_again);
    EXPECT_THAT(failed_, IsEmpty());
    timers_.pass(4s);
    EXPECT_THAT(calls(), ElementsAre("collaborator2: start"));
    started(2);
    EXPECT_FALSE(nodes_->now(2).will_start_again);
    prints(2, "round 3\n");
    EXPECT_EQ(last<event::Progress>().round, "3");
    ends(2);
    EXPECT_EQ(last<event::NodeExited>().starts, 2U);
    EXPECT_FALSE(last<event::NodeExited>().killed_by_fault);
}

TEST_F(RunNodesTest, OneThatOutlivesItsSignalIsMadeToEndAndStartsWhenItIsGone) {
    make({"kind: restart, signal: TERM, on: {log: 'round 2', node: collaborator2}, for: 4s"});
    run();
    prints(2, "round 2\n");
    EXPECT_THAT(calls(), ElementsAre("collaborator2: signal all 15"));
    timers_.pass(4s);
    EXPECT_THAT(calls(), ElementsAre("collaborator2: kill"));
    ends(2, {.signaled = true, .value = SIGKILL});
    EXPECT_THAT(calls(), IsEmpty());
    timers_.run_posted();
    EXPECT_THAT(calls(), ElementsAre("collaborator2: start"));
}

TEST_F(RunNodesTest, WhatIsToStartAgainDoesNotOnceTheRunEnds) {
    make({"kind: restart, signal: TERM, on: {log: 'round 2', node: collaborator2}, for: 4s"});
    run();
    prints(2, "round 2\n");
    timers_.pass(4s);
    ends(2, {.signaled = true, .value = SIGKILL});
    course_->stop(SIGINT);
    timers_.run_posted();
    EXPECT_THAT(calls(), Not(Contains("collaborator2: start")));
}

TEST_F(RunNodesTest, NamesThatAFaultTakesLeadNowhereUntilItHeals) {
    make(
        {"kind: names, names: [aggregator], answer: none, on: {log: 'round 2', node: collaborator2}, for: "
         "4s"});
    run();
    prints(2, "round 2\n");
    EXPECT_THAT(node(2).hosts_, Not(HasSubstr("aggregator")));
    EXPECT_THAT(node(1).hosts_, HasSubstr("10.0.0.1 aggregator hub\n"));
    timers_.pass(4s);
    EXPECT_THAT(node(2).hosts_, HasSubstr("10.0.0.1 aggregator hub\n"));
}

TEST_F(RunNodesTest, ACommandBesideItHasItsPlaceAndNoneBesideOneThatDoesNotRun) {
    make();
    run();
    const auto found = nodes_->find_running("collaborator1", "look");
    ASSERT_TRUE(found);
    CommandSpec command;
    command.argv = {"ip", "address"};
    EXPECT_FALSE(nodes_->execute(*found, command, {}));  // the network starts nothing
    ASSERT_TRUE(node_network_.beside_);
    EXPECT_THAT(node_network_.beside_->argv, ElementsAre("ip", "address"));
    EXPECT_THAT(node_network_.beside_->hosts, HasSubstr("10.0.0.1 aggregator hub\n"));
    ends(1);
    EXPECT_THAT(nodes_->find_running("collaborator1", "look").error().text(), HasSubstr("does not run"));
    EXPECT_THAT(nodes_->find_running("nobody", "look").error().text(), HasSubstr("has no node nobody"));
}

TEST_F(RunNodesTest, LinesThatCameAllAtOnceAtTheEndAreToldOf) {
    make();
    run();
    timers_.pass(20s);
    std::string lines;
    for (int line = 0; line < 50; ++line) lines += "line " + std::to_string(line) + "\n";
    prints(1, lines);
    ends(1);
    ASSERT_TRUE(last<event::NodeExited>().late_lines);
    EXPECT_EQ(last<event::NodeExited>().late_lines->late, 50U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
