// SPDX-License-Identifier: Apache-2.0
//
// The life of a fault: triggers, heals, flaps and requests.
#include "fault_runner_fixture.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace fault_life;

TEST_F(FaultRunnerTest, ATriggerFiresAtOnceAndTheHealComesWhenItsTimeIsOver) {
    EXPECT_EQ(runner().state(), State::idle);
    trigger();
    EXPECT_EQ(runner().state(), State::on);
    EXPECT_THAT(calls(), ElementsAre("fire", "watch fired"));
    EXPECT_THAT(events(), ElementsAre("trigger.matched", "fault.fired"));
    EXPECT_EQ(last<event::FaultFired>().for_s, 20);
    EXPECT_FALSE(last<event::FaultFired>().asked_for);
    EXPECT_TRUE(runner().busy());
    timers_.pass(20s - 1ns);
    EXPECT_THAT(calls(), IsEmpty());
    fault_->losses_ = {.up = 3, .down = 4};
    timers_.pass(1ns);
    EXPECT_EQ(runner().state(), State::idle);
    EXPECT_THAT(calls(), ElementsAre("watch heals", "heal", "watch healed"));
    EXPECT_THAT(events(), ElementsAre("fault.healed"));
    EXPECT_EQ(last<event::FaultHealed>().lasted_s, 20);
    EXPECT_EQ(last<event::FaultHealed>().losses.at("collaborator2").total(), 7U);
    EXPECT_FALSE(runner().busy());
    EXPECT_FALSE(timers_.anything_due());
}

TEST_F(FaultRunnerTest, ALateHealEndsWhenTheKernelEndedIt) {
    trigger();
    timers_.pass_busy(25s);
    EXPECT_EQ(last<event::FaultHealed>().lasted_s, 20);
    EXPECT_EQ(watch_->healed_at, timers_.now() - 5s);
}

TEST_F(FaultRunnerTest, ALinkThatIsGoneComesBackWhenItIsPutBack) {
    fault_->plan_.link = LinkChange::down;
    trigger();
    timers_.pass_busy(25s);
    EXPECT_EQ(last<event::FaultHealed>().lasted_s, 25);
}

TEST_F(FaultRunnerTest, ADelayLiesBetweenTriggerAndFault) {
    spec_.trigger.delay = 2s;
    trigger();
    EXPECT_EQ(runner().state(), State::delayed);
    EXPECT_TRUE(runner().busy());
    EXPECT_THAT(events(), ElementsAre("trigger.matched"));
    timers_.pass(2s - 1ns);
    EXPECT_THAT(calls(), IsEmpty());
    timers_.pass(1ns);
    EXPECT_EQ(runner().state(), State::on);
    EXPECT_THAT(events(), ElementsAre("fault.fired"));
}

TEST_F(FaultRunnerTest, TriggersAreIgnoredWhileItIsOnItsWayOrOn) {
    spec_.trigger.delay = 2s;
    spec_.times = 2;
    trigger();
    trigger();
    EXPECT_EQ(last<event::TriggerMatched>().verdict, MatchCounter::Verdict::busy);
    timers_.pass(2s);
    trigger();
    EXPECT_EQ(last<event::TriggerMatched>().verdict, MatchCounter::Verdict::busy);
    timers_.pass(20s);
    trigger();
    EXPECT_EQ(last<event::TriggerMatched>().verdict, MatchCounter::Verdict::fire);
    EXPECT_EQ(last<event::TriggerMatched>().match, 4U);
}

TEST_F(FaultRunnerTest, TheFirstMatchesAreOnlyCounted) {
    spec_.trigger.nth = 3;
    trigger();
    trigger();
    EXPECT_EQ(last<event::TriggerMatched>().verdict, MatchCounter::Verdict::too_early);
    EXPECT_EQ(runner().state(), State::idle);
    trigger();
    EXPECT_EQ(runner().state(), State::on);
}

TEST_F(FaultRunnerTest, ItFiresAsOftenAsItMayAndNoMore) {
    spec_.times = 2;
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(runner().is_ready());
        trigger();
        timers_.pass(20s);
    }
    EXPECT_FALSE(runner().is_ready());
    events();
    trigger();
    EXPECT_THAT(events(), IsEmpty());  // a chatty pattern would fill the journal
    EXPECT_EQ(runner().state(), State::idle);
}

TEST_F(FaultRunnerTest, AChattyPatternDoesNotFillTheJournal) {
    for (int i = 0; i < 1500; ++i) trigger();
    EXPECT_LT(all_.size(), 1010U);
}

TEST_F(FaultRunnerTest, WithoutADurationItStaysAndIsNotBusy) {
    spec_.duration.reset();
    trigger();
    EXPECT_FALSE(runner().busy());
    EXPECT_FALSE(timers_.anything_due());
    fault_->losses_ = {.up = 5};
    runner().finish();
    EXPECT_EQ(runner().state(), State::ended);
    EXPECT_EQ(last<event::FaultUnhealed>().losses.at("collaborator2").up, 5U);
}

// --- flaps ---

TEST_F(FaultRunnerTest, AFlapIsOnAndOffInEachOfItsCycles) {
    spec_.flap = FlapSpec{.period = 4s, .duty = 0.25, .count = 3};
    trigger();
    for (std::size_t cycle = 1; cycle <= 3; ++cycle) {
        EXPECT_EQ(runner().state(), State::on) << cycle;
        EXPECT_TRUE(runner().busy());
        EXPECT_EQ(last<event::FaultFired>().flap->cycle, cycle);
        EXPECT_EQ(last<event::FaultFired>().for_s, 1);
        timers_.pass(1s);
        EXPECT_EQ(runner().state(), cycle < 3 ? State::between_cycles : State::idle);
        EXPECT_EQ(runner().busy(), cycle < 3);
        timers_.pass(3s);
    }
    EXPECT_THAT(calls(), ElementsAre("fire 1s", "watch fired", "watch heals", "heal", "watch healed",
                                     "fire 1s", "watch fired", "watch heals", "heal", "watch healed",
                                     "fire 1s", "watch fired", "watch heals", "heal", "watch healed"));
    EXPECT_FALSE(runner().is_ready());
    EXPECT_FALSE(timers_.anything_due());
}

TEST_F(FaultRunnerTest, TriggersAreIgnoredBetweenTheCyclesOfAFlap) {
    spec_.flap = FlapSpec{.period = 4s, .count = 2};
    spec_.times = 2;
    trigger();
    timers_.pass(2s);
    EXPECT_EQ(runner().state(), State::between_cycles);
    trigger();
    EXPECT_EQ(last<event::TriggerMatched>().verdict, MatchCounter::Verdict::busy);
    EXPECT_FALSE(runner().fire_now());
}

TEST_F(FaultRunnerTest, AHealThatIsAskedForEndsAFlapForGood) {
    spec_.flap = FlapSpec{.period = 4s, .count = 5};
    trigger();
    timers_.pass(1s);
    EXPECT_TRUE(runner().heal_now());
    EXPECT_TRUE(last<event::FaultHealed>().asked_for);
    EXPECT_EQ(runner().state(), State::idle);
    EXPECT_FALSE(timers_.anything_due());
}

// --- requests ---

TEST_F(FaultRunnerTest, ARequestFiresWhateverIsWaitedFor) {
    spec_.trigger.delay = 2s;
    trigger();
    events();
    ASSERT_TRUE(runner().fire_now());
    EXPECT_THAT(events(), ElementsAre("trigger.matched", "fault.fired"));
    EXPECT_EQ(last<event::FaultFired>().trigger.line, "on request");
    EXPECT_TRUE(last<event::FaultFired>().asked_for);
    timers_.pass(2s);  // the delay of the trigger does not fire it once more
    EXPECT_THAT(events(), IsEmpty());
    const auto again = runner().fire_now();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, Error::Kind::usage);
    timers_.pass(18s);
    EXPECT_FALSE(last<event::FaultHealed>().asked_for);
}

TEST_F(FaultRunnerTest, ARequestHealsAndTheTimerDoesNotHealAgain) {
    EXPECT_FALSE(runner().heal_now());
    trigger();
    timers_.pass(5s);
    ASSERT_TRUE(runner().heal_now());
    EXPECT_EQ(last<event::FaultHealed>().lasted_s, 5);
    events();
    timers_.pass(1min);
    EXPECT_THAT(events(), IsEmpty());
    EXPECT_FALSE(runner().heal_now());
}

TEST_F(FaultRunnerTest, ARequestDisarms) {
    wait_for_moment({});
    trigger();
    ASSERT_TRUE(runner().is_armed());
    ASSERT_TRUE(runner().fire_now());
    EXPECT_THAT(calls(), ElementsAre("arm", "disarm", "fire", "watch fired"));
    events();
    trip();  // what was already under way from the kernel comes too late
    EXPECT_THAT(events(), IsEmpty());
}

// --- moments on the wire ---

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
