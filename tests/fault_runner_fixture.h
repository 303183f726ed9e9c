// SPDX-License-Identifier: Apache-2.0
//
// A fault's life with a network that does what a test says and a clock that the test turns.
#pragma once

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
#include "run/fault_runner.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/flap.h"
#include "scenario/triggers.h"
#include "trigger/match_counter.h"

namespace netcut::test::fault_life {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using State = FaultRunner::State;

// Every call by its name, in order.
using Calls = std::vector<std::string>;

inline Failure refused(const std::string& what) {
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

}  // namespace netcut::test::fault_life
