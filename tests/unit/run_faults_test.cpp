// SPDX-License-Identifier: Apache-2.0
//
// The faults of a run: what triggers them, and what one of them does to the others.
#include "run/run_faults.h"

#include "run_parts_fixture.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace run_parts;
using State = FaultRunner::State;

class RunFaultsTest : public RunPartsTest {
  protected:
    State state(std::size_t fault) const { return faults_->all()[fault]->state(); }
    void node_does(Phase phase, Nanoseconds since, DataCounters data = {}, bool at_rest = false) {
        faults_->on_state(2, {.now = {.phase = phase, .since = since, .at_rest = at_rest}, .data = data});
    }
};

TEST_F(RunFaultsTest, ThoseOfTheStartFireWithTheAggregatorAndThoseOfALineWithIt) {
    make(
        {"name: first, on: start, for: 5s", "name: second, on: {log: 'round 2', node: aggregator}, for: 5s"});
    EXPECT_FALSE(faults_->any_has_fired());
    ASSERT_TRUE(course_->begin());
    EXPECT_THAT(fault_network_.calls(0), ElementsAre("fire"));
    EXPECT_THAT(fault_network_.calls(1), IsEmpty());
    started(0);
    prints(0, "ready\nround 2\n");
    EXPECT_THAT(fault_network_.calls(1), ElementsAre("fire"));
    EXPECT_TRUE(faults_->any_will_heal());
    timers_.pass(5s);
    EXPECT_THAT(fault_network_.calls(0), ElementsAre("heal"));
    EXPECT_FALSE(faults_->any_will_heal());
}

TEST_F(RunFaultsTest, ALineOfAnotherNodeIsNotMeant) {
    make({"on: {log: 'round 2', node: collaborator1}, for: 5s"});
    run();
    prints(0, "round 2\n");
    prints(2, "round 2\n");
    EXPECT_EQ(state(0), State::idle);
    prints(1, "round 2\n", Stream::err);
    EXPECT_EQ(state(0), State::on);
}

TEST_F(RunFaultsTest, OneFollowsAnotherWhenItFiresOrHeals) {
    make({"name: cut, on: {log: 'round 2', node: collaborator2}, for: 5s",
          "name: with, on: {with: cut}, for: 2s, nodes: [collaborator1]",
          "name: then, on: {after: cut}, for: 1s, nodes: [collaborator1]"});
    run();
    prints(2, "round 2\n");
    EXPECT_EQ(state(0), State::on);
    EXPECT_EQ(state(1), State::on);
    EXPECT_EQ(state(2), State::idle);
    timers_.pass(5s);
    EXPECT_EQ(state(0), State::idle);
    EXPECT_EQ(state(2), State::on);
    timers_.pass(1s);
    EXPECT_FALSE(faults_->any_will_heal());
    EXPECT_THAT(fault_network_.calls(2), ElementsAre("fire", "heal"));
}

TEST_F(RunFaultsTest, AMomentOnTheWireIsToldByItsPacket) {
    make({"when: sent 64KiB, on: {log: 'round 2', node: collaborator2}, for: 5s"});
    ASSERT_TRUE(faults_->sees_packets());
    run();
    EXPECT_EQ(state(0), State::idle);
    prints(2, "round 2\n");
    EXPECT_EQ(state(0), State::armed);
    EXPECT_THAT(fault_network_.calls(0), ElementsAre("arm"));
    fault_network_.packets_->tripped(0, "TCP 1 > 2", 1500, journal_.now());
    EXPECT_EQ(state(0), State::on);
    EXPECT_EQ(last<event::TriggerTripped>().packet, "TCP 1 > 2");
}

TEST_F(RunFaultsTest, APhaseFiresWhenItHasLastedLongEnough) {
    make({"on: {phase: computing, after: 500ms, node: collaborator2}, for: 5s"});
    run();
    const Nanoseconds since = journal_.now();
    node_does(Phase::sending, since);
    EXPECT_EQ(state(0), State::idle);
    node_does(Phase::computing, since);
    timers_.pass(499ms);
    EXPECT_EQ(state(0), State::idle);
    timers_.pass(1ms);
    EXPECT_EQ(state(0), State::on);
    EXPECT_EQ(last<event::TriggerMatched>().line, "computing for 500.0 ms");
}

TEST_F(RunFaultsTest, APhaseThatEndsBeforeItsTimeDoesNotFire) {
    make({"on: {phase: computing, after: 500ms, node: collaborator2}, for: 5s"});
    run();
    node_does(Phase::computing, journal_.now());
    timers_.pass(400ms);
    node_does(Phase::sending, journal_.now());
    timers_.pass(10s);
    EXPECT_EQ(state(0), State::idle);
    node_does(Phase::computing, journal_.now());
    timers_.pass(500ms);
    EXPECT_EQ(state(0), State::on);
}

TEST_F(RunFaultsTest, BytesIntoAPhaseAreLeftToTheKernelFromTheRestBeforeItOn) {
    make({"on: {phase: sending, after: 64KiB, node: collaborator2}, for: 5s"});
    run();
    node_does(Phase::computing, journal_.now(), {}, true);
    EXPECT_THAT(fault_network_.calls(0), ElementsAre("arm"));
    EXPECT_EQ(state(0), State::armed);
    fault_network_.data_.up.bytes = 65'536;
    fault_network_.packets_->tripped(0, "TCP 1 > 2", 1500, journal_.now());
    EXPECT_EQ(state(0), State::on);
    EXPECT_EQ(last<event::TriggerTripped>().phase->sent, 65'536U);
}

TEST_F(RunFaultsTest, NothingFiresBeforeOrAfterTheRun) {
    make({"on: {log: 'round 2', node: collaborator2}, for: 5s"});
    prints(2, "round 2\n");
    EXPECT_EQ(state(0), State::idle);
    run();
    course_->stop(2);
    prints(2, "round 2\n");
    EXPECT_EQ(state(0), State::ended);
    EXPECT_THAT(fault_network_.calls(0), IsEmpty());
}

TEST_F(RunFaultsTest, TheEndOfTheRunEndsWhatIsOn) {
    make({"on: {log: 'round 2', node: collaborator2}, for: 5s"});
    run();
    prints(2, "round 2\n");
    course_->stop(2);
    EXPECT_EQ(state(0), State::ended);
    EXPECT_THAT(fault_network_.watched_of(0), ElementsAre("watch fired", "watch end"));
    timers_.pass(10s);
    EXPECT_THAT(fault_network_.calls(0), ElementsAre("fire"));  // the network goes with the run
}

TEST_F(RunFaultsTest, OneMoreIsLaidAndFires) {
    make({"on: {log: 'round 2', node: collaborator2}, for: 5s"});
    run();
    FaultSpec more = scenario_.faults.front();
    more.name = "more";
    more.trigger = {};
    more.trigger.kind = FaultTrigger::Kind::start;
    FaultPlan plan;
    plan.nodes = {1};
    plan.duration = 3s;
    ASSERT_TRUE(faults_->lay_another(plan));
    scenario_.faults.push_back(more);
    const auto added = faults_->add(plan);
    ASSERT_TRUE(added);
    ASSERT_TRUE((*added)->fire_now());
    EXPECT_THAT(fault_network_.calls(1), ElementsAre("fire"));
    EXPECT_TRUE(faults_->find("more"));
    EXPECT_THAT(faults_->find("less").error().text(), HasSubstr("it has cut, more"));
}

TEST_F(RunFaultsTest, APauseIsOfTheFaultThatFiredLast) {
    make({"name: early, kind: pause, on: {log: 'round 1', node: collaborator2}, for: 2s",
          "name: late, kind: pause, on: {after: early, delay: 1s}, for: 2s"});
    run();
    prints(2, "round 1\n");
    timers_.pass(3s);
    EXPECT_THAT(calls(),
                ElementsAre("collaborator2: pause 2s", "collaborator2: resume", "collaborator2: pause 2s"));
    faults_->on_paused(2, {.signalled = timers_.now(), .stopped = timers_.now(), .processes = 1});
    EXPECT_EQ(all_.back().name(), "node.paused");
    EXPECT_EQ(all_.back().fault, "late");
}

TEST_F(RunFaultsTest, WhatTheNetworkRefusesIsSaidOfTheRun) {
    make({"on: {log: 'round 2', node: collaborator2}, for: 5s"});
    run();
    fault_network_.faults_[0]->fails_ = "fire";
    prints(2, "round 2\n");
    EXPECT_THAT(parts_.errors, ElementsAre("fire"));
    EXPECT_EQ(course_->phase(), RunPhase::stopping);
}

TEST(RunFaultsThatCannotBeLaid, AreTheErrorOfTheStart) {
    struct Test : RunPartsTest {
        void TestBody() override {}
        using RunPartsTest::fault_network_;
        using RunPartsTest::make;
    } test;
    test.fault_network_.fails_ = "prepare";
    EXPECT_THROW(test.make({"on: start, for: 5s"}), std::runtime_error);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
