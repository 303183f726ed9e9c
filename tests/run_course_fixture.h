// SPDX-License-Identifier: Apache-2.0
//
// The course of a run with nodes that do what a test says and a clock that the test turns.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "fake_timers.h"
#include "record/event.h"
#include "run/run_course.h"
#include "scenario/scenario.h"

namespace netcut::test::run_course {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using Calls = std::vector<std::string>;

// Every call by its name, in order.
class FakeParts : public RunParts {
  public:
    explicit FakeParts(std::size_t nodes) : nodes_(nodes) {}
    std::size_t nodes() const override { return nodes_.size(); }
    NodeNow node(std::size_t index) const override { return nodes_[index]; }
    bool is_preparing() const override { return preparing; }
    bool any_fault_has_fired() const override { return fired; }
    bool any_fault_will_heal() const override { return will_heal; }
    Nanoseconds starved() const override { return starved_so_far; }
    bool any_starves() override { return starves; }
    void entered(RunPhase phase) override { note(word_of(phase)); }
    Result<void> start_preparation() override {
        preparing = true;
        return {};
    }
    void before_aggregator() override {
        note("start triggers");
        if (fails_at == "start triggers") fail({});
    }
    Result<void> start_node(std::size_t index) override {
        const std::string what = "node " + std::to_string(index);
        note(what);
        if (fails_at == what) return Failure(Error{Error::Kind::machine, what, 0, "the test says so", ""});
        nodes_[index] = {.runs = true};
        return {};
    }
    void before_collaborators() override {
        note("phases");
        if (on_phases) on_phases();
    }
    void before_end(EndReason) override {
        note("last look");
        if (fails_at == "last look") fail({});
    }
    void ends(EndReason reason, int signal) override {
        note(std::string("ends: ") + word_of(reason) + (signal != 0 ? " " + std::to_string(signal) : ""));
    }
    void ask_to_end() override { note("SIGTERM"); }
    void kill() override { note("SIGKILL"); }
    bool conclude() override {
        note("conclude");
        return concludes;
    }
    void done() override {}
    void fail(Error) override {
        if (!std::exchange(failed, true)) course->end(EndReason::failed);
    }

    void note(std::string what) { calls.push_back(std::move(what)); }

    RunCourse* course = nullptr;
    std::vector<NodeNow> nodes_;
    bool preparing = false, fired = false, will_heal = false, failed = false, concludes = true;
    Nanoseconds starved_so_far{0};
    bool starves = false;
    std::function<void()> on_phases;
    std::string fails_at;
    Calls calls;
};

// An aggregator that says when it is ready, and two collaborators.
class RunCourseTest : public testing::Test {
  protected:
    RunCourseTest() {
        scenario_.ready = "ready";
        scenario_.ready_within = 60s;
        scenario_.timeout = 30min;
        scenario_.hang_after = 50s;
        scenario_.grace = 5s;
        parts_.course = &course_;
    }
    void begin() { ASSERT_TRUE(course_.begin()); }
    void run() {
        begin();
        course_.ready();
        timers_.run_posted();
        ASSERT_EQ(course_.phase(), RunPhase::running);
        calls();
    }
    void ended(std::size_t node, bool successfully = true) {
        parts_.nodes_[node] = {.has_ended = true};
        course_.node_ended(node, successfully);
    }
    void all_end() {
        for (std::size_t node = 0; node < parts_.nodes(); ++node)
            if (parts_.nodes_[node].runs) ended(node);
        timers_.run_posted();
    }
    void a_fault_fires() {
        parts_.fired = true;
        course_.fault_changed();
    }
    Calls calls() { return std::exchange(parts_.calls, {}); }

    FakeTimers timers_;
    Scenario scenario_;
    FakeParts parts_{3};
    RunCourse course_{timers_, scenario_, parts_};
};

}  // namespace netcut::test::run_course
