// SPDX-License-Identifier: Apache-2.0
//
// The life of a fault, with a network that does what a test says and a clock that it turns.
#include "run/fault_runner.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "fake_timers.h"
#include "fault/losses.h"
#include "fault/plan.h"
#include "link/counter.h"
#include "record/event.h"
#include "record/journal.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/flap.h"
#include "scenario/triggers.h"
#include "trigger/match_counter.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using State = FaultRunner::State;

// Every call by its name, in order.
using Calls = std::vector<std::string>;

Failure refused(const std::string& what) {
    return Failure(Error{Error::Kind::machine, what, 0, "the test says so", ""});
}

class FakeFault : public NetworkFault {
  public:
    explicit FakeFault(Calls& calls) : calls_(calls) { plan_.nodes = {2}; }
    const FaultPlan& plan() const override { return plan_; }
    std::string node_name(std::size_t node) const override { return "collaborator" + std::to_string(node); }
    Result<void> fire(std::optional<Nanoseconds> lease) override {
        return call(lease ? "fire " + duration_text(*lease) : "fire");
    }
    Result<void> heal() override { return call("heal"); }
    Result<void> arm() override { return call("arm"); }
    Result<void> disarm() override { return call("disarm"); }
    Result<void> follow() override { return call("follow"); }
    Result<bool> in_effect() override { return true; }
    Result<bool> is_silent() override { return silent_; }
    Result<CounterValue> counted() override { return counted_; }
    Result<std::map<std::size_t, Losses>> losses() override {
        if (fails_ == "losses") return refused(fails_);
        return std::map<std::size_t, Losses>{{2, losses_}};
    }

    Result<void> call(const std::string& name) {
        calls_.push_back(name);
        return name == fails_ ? Result<void>(refused(name)) : Result<void>();
    }
    Calls& calls_;
    FaultPlan plan_;
    std::string fails_;
    bool silent_ = false;
    CounterValue counted_;
    Losses losses_;
};

class FakeWatch : public FiringWatch {
  public:
    explicit FakeWatch(Calls& calls) : calls_(calls) {}
    void fired() override { calls_.push_back("watch fired"); }
    void heals() override { calls_.push_back("watch heals"); }
    void healed(Clock::time_point when) override {
        healed_at = when;
        calls_.push_back("watch healed");
    }
    void progressed(std::size_t) override {}
    void look_at(std::size_t) override {}
    void finish() override {}
    void end() override { calls_.push_back("watch end"); }

    Clock::time_point healed_at;
    Calls& calls_;
};

// A fault of collaborator2 that lasts 20 s; what it says goes into `events`.
class FaultRunnerTest : public testing::Test {
  protected:
    FaultRunnerTest() {
        spec_.name = "cut";
        spec_.nodes = {"collaborator2"};
        spec_.trigger.kind = FaultTrigger::Kind::log;
        spec_.duration = 20s;
        auto& control = processes_;
        control.pause = [this](std::size_t, std::optional<Nanoseconds> lease) {
            return fault_->call("pause" + (lease ? " " + duration_text(*lease) : std::string()));
        };
        control.resume = [this](std::size_t) { return fault_->call("resume"); };
        control.kill = [this](std::size_t, int signal, bool starts_again) {
            return fault_->call("kill " + std::to_string(signal) + (starts_again ? ", starts again" : ""));
        };
        control.start_again = [this](std::size_t) { return fault_->call("start again"); };
        control.runs = [this](std::size_t) { return node_runs_; };
        control.renew = [this](std::size_t) { return fault_->call("renew"); };
    }

    FaultRunner& runner() {
        if (runner_) return *runner_;
        auto watch = std::make_unique<FakeWatch>(calls_);
        watch_ = watch.get();
        fault_->plan_.duration = spec_.duration;
        runner_.emplace(timers_, journal_, spec_, std::move(owned_), std::move(watch), processes_,
                        FaultRunner::Observer{
                            [](const FaultRunner&) {}, [](const FaultRunner&) {},
                            [this](const Error& error) { failures_.push_back(error.attempt); },
                            [](const std::vector<std::size_t>&) { return std::vector<event::PhaseSeen>{}; }});
        return *runner_;
    }
    void use(const std::string& kind) { spec_.kind = fault_kind(kind); }
    void wait_for_moment(WireMoment moment, FaultTrigger::Kind trigger = FaultTrigger::Kind::start) {
        spec_.trigger.kind = trigger;
        spec_.when = WhenSpec{moment, "collaborator2", ""};
    }
    void trigger() { runner().trigger("collaborator2", "round 2"); }
    void trip() { runner().tripped("TCP 1 > 2", 1500, journal_.now()); }
    // The keys of the events since it was asked last.
    Calls events() { return std::exchange(events_, {}); }
    Calls calls() { return std::exchange(calls_, {}); }
    template <typename What>
    What last() const {
        for (auto one = all_.rbegin(); one != all_.rend(); ++one)
            if (const auto* found = std::get_if<What>(&one->what)) return *found;
        ADD_FAILURE() << "no such event";
        return {};
    }

    FakeTimers timers_;
    Calls calls_, events_, failures_;
    std::vector<Event> all_;
    Journal journal_{Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC)),
                     [this](const Event& event) {
                         all_.push_back(event);
                         events_.emplace_back(event.name());
                     },
                     [this] { return timers_.now(); }};
    ProcessControl processes_;
    bool node_runs_ = false;
    std::unique_ptr<FakeFault> owned_ = std::make_unique<FakeFault>(calls_);
    FakeFault* fault_ = owned_.get();
    FakeWatch* watch_ = nullptr;
    FaultSpec spec_;
    std::optional<FaultRunner> runner_;
};

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
