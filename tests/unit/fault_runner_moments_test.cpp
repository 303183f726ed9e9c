// SPDX-License-Identifier: Apache-2.0
//
// Faults that the kernel fires at a moment on the wire, faults of processes, and failures.
#include "fault_runner_fixture.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace fault_life;

TEST_F(FaultRunnerTest, TheKernelIsArmedAndWhatItFiresIsFollowed) {
    wait_for_moment({.kind = WireMoment::Kind::sent, .amount = 65536, .port = {}}, FaultTrigger::Kind::log);
    spec_.times = 2;
    fault_->counted_ = {2, 3000};
    trigger();
    EXPECT_EQ(runner().state(), State::armed);
    EXPECT_FALSE(runner().busy());
    EXPECT_THAT(events(), ElementsAre("trigger.matched", "fault.armed"));
    trigger();
    EXPECT_EQ(last<event::TriggerMatched>().verdict, MatchCounter::Verdict::busy);
    timers_.pass(7s);
    fault_->counted_ = {47, 68600};
    trip();
    EXPECT_EQ(runner().state(), State::on);
    EXPECT_THAT(calls(), ElementsAre("arm", "follow", "watch fired"));
    const auto tripped = last<event::TriggerTripped>();
    EXPECT_EQ(tripped.counted->packets, 45U);
    EXPECT_EQ(tripped.counted->bytes, 65600U);
    EXPECT_EQ(last<event::FaultFired>().trigger.line, "TCP 1 > 2");
    timers_.pass(20s);
    EXPECT_EQ(runner().state(), State::idle);  // its trigger, a line, may come again
}

TEST_F(FaultRunnerTest, AMomentSinceTheStartIsWaitedForAgainAfterTheHeal) {
    wait_for_moment({});
    spec_.times = 2;
    trigger();
    trip();
    timers_.pass(20s);
    EXPECT_EQ(runner().state(), State::armed);
    EXPECT_EQ(last<event::TriggerMatched>().line, "cut has healed");
    trip();
    timers_.pass(20s);
    EXPECT_EQ(runner().state(), State::idle);
}

TEST_F(FaultRunnerTest, ArmedAnewItCountsFromTheLastTime) {
    wait_for_moment({.kind = WireMoment::Kind::sent, .amount = 100, .port = {}}, FaultTrigger::Kind::phase);
    fault_->counted_ = {1, 10};
    runner().arm();
    events();
    fault_->counted_ = {5, 50};
    timers_.pass(1s);
    runner().arm();
    EXPECT_THAT(events(), IsEmpty());  // told if it comes to something
    fault_->counted_ = {9, 170};
    trip();
    EXPECT_THAT(events(), ElementsAre("fault.armed", "trigger.tripped", "fault.fired"));
    EXPECT_EQ(last<event::TriggerTripped>().counted->bytes, 120U);
}

TEST_F(FaultRunnerTest, AMomentThatWasMissedDisarms) {
    wait_for_moment({}, FaultTrigger::Kind::phase);
    runner().arm();
    runner().disarm();
    EXPECT_EQ(runner().state(), State::idle);
    EXPECT_TRUE(runner().is_ready());
    trip();
    EXPECT_FALSE(runner().fired());
    runner().arm();
    trip();
    EXPECT_TRUE(runner().fired());
}

TEST_F(FaultRunnerTest, AFlapThatIsArmedTwiceBeginsWithItsFirstCycleTwice) {
    wait_for_moment({}, FaultTrigger::Kind::phase);
    spec_.flap = FlapSpec{.period = 4s, .count = 2};
    spec_.times = 2;
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(runner().is_ready());
        runner().arm();
        trip();
        EXPECT_EQ(last<event::FaultFired>().flap->cycle, 1U);
        timers_.pass(8s);
        EXPECT_EQ(last<event::FaultFired>().flap->cycle, 2U);
    }
    EXPECT_FALSE(runner().is_ready());
}

TEST_F(FaultRunnerTest, ASilenceFiresWhenItIsLongEnough) {
    wait_for_moment({.kind = WireMoment::Kind::silence, .silence = 1s, .port = {}});
    trigger();
    timers_.pass(1s);
    EXPECT_EQ(runner().state(), State::armed);
    fault_->silent_ = true;
    timers_.pass(10ms);
    EXPECT_EQ(runner().state(), State::on);
    EXPECT_THAT(calls(), ElementsAre("arm", "fire", "watch fired"));
}

// --- processes ---

TEST_F(FaultRunnerTest, APauseHasTheFaultsTimeAsItsLease) {
    use("pause");
    trigger();
    timers_.pass(20s);
    EXPECT_THAT(calls(), ElementsAre("fire", "pause 20s", "watch fired", "watch heals", "heal", "resume",
                                     "watch healed"));
}

TEST_F(FaultRunnerTest, ARestartKillsAndStartsAgain) {
    use("restart");
    trigger();
    timers_.pass(20s);
    EXPECT_THAT(calls(), ElementsAre("fire", "kill 9, starts again", "watch fired", "watch heals", "heal",
                                     "start again", "watch healed"));
}

TEST_F(FaultRunnerTest, AMachineIsRenewedOnlyWhenItsProcessesAreGone) {
    use("restart");
    fault_->plan_.link = LinkChange::reboot;
    node_runs_ = true;
    trigger();
    calls();
    timers_.pass(20s);
    EXPECT_THAT(calls(), ElementsAre("watch heals"));
    EXPECT_TRUE(runner().is_on());
    node_runs_ = false;
    timers_.pass(2ms);
    EXPECT_THAT(calls(), ElementsAre("watch heals", "renew", "heal", "start again", "watch healed"));
}

// --- failures and the end ---

TEST_F(FaultRunnerTest, AFaultThatCannotFireIsToldAsAFailureAndNotAsAFiring) {
    fault_->fails_ = "fire";
    trigger();
    EXPECT_THAT(failures_, ElementsAre("fire"));
    EXPECT_THAT(events(), ElementsAre("trigger.matched"));
    EXPECT_FALSE(runner().fired());
    EXPECT_FALSE(timers_.anything_due());
    runner().finish();
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(FaultRunnerTest, AHealThatFailsLeavesItOn) {
    fault_->fails_ = "heal";
    trigger();
    timers_.pass(20s);
    EXPECT_THAT(failures_, ElementsAre("heal"));
    EXPECT_TRUE(runner().is_on());
    EXPECT_FALSE(timers_.anything_due());
    events();
    runner().finish();
    EXPECT_THAT(events(), ElementsAre("fault.unhealed"));
}

TEST_F(FaultRunnerTest, WhatCannotBeArmedOrDisarmedIsAFailure) {
    wait_for_moment({});
    fault_->fails_ = "arm";
    trigger();
    EXPECT_THAT(failures_, ElementsAre("arm"));
    EXPECT_EQ(runner().state(), State::idle);
    fault_->fails_ = "disarm";
    runner().arm();
    runner().disarm();
    EXPECT_THAT(failures_, ElementsAre("arm", "disarm"));
}

TEST_F(FaultRunnerTest, LossesThatCannotBeReadAtTheEndAreOneFailure) {
    trigger();
    fault_->fails_ = "losses";
    runner().finish();
    runner().finish();  // the run, which a failure ends, ends its faults
    EXPECT_THAT(failures_, ElementsAre("losses"));
}

TEST_F(FaultRunnerTest, NothingHappensAfterTheEnd) {
    spec_.flap = FlapSpec{.period = 4s, .count = 5};
    spec_.times = 3;
    trigger();
    timers_.pass(2s);
    runner().finish();
    events();
    calls();
    EXPECT_FALSE(timers_.anything_due());
    trigger();
    trip();
    EXPECT_FALSE(runner().fire_now());
    EXPECT_FALSE(runner().heal_now());
    timers_.pass(1min);
    EXPECT_THAT(events(), IsEmpty());
    EXPECT_THAT(calls(), IsEmpty());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
