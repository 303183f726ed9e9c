// SPDX-License-Identifier: Apache-2.0
//
// What is proved to hang, and what is not, with made-up nodes.
#include "why/proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "fabric/options.h"
#include "hang_facts.h"
#include "record/event.h"
#include "record/run_state.h"
#include "scenario/fault_kind.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"
#include "trigger/match_counter.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Two nodes that wait for each other.
class ProofTest : public testing::Test {
  protected:
    ProofTest() {
        begin({.nodes = {"aggregator", "collaborator1"}});
        server().connections = {connection("10.99.0.2", 9000, "10.99.0.3", 40000)};
        client().connections = {connection("10.99.0.3", 40000, "10.99.0.2", 9000)};
        for (auto& [name, facts] : waits) {
            facts.processes = facts.threads = 1;
            facts.waits = {waiting(WaitObject::connection)};
            facts.unchanged_since = 1s;
        }
    }

    void begin(event::RunBegun begun) {
        tell(std::move(begun));
        for (const char* node : {"aggregator", "collaborator1"}) tell(event::NodeStarted{}, {.node = node});
    }
    void tell(event::Any what, event::About about = {}) {
        Event event;
        event.t = now += 1s;
        event.what = std::move(what);
        event.node = about.node;
        event.fault = about.fault;
        state.apply(event);
    }
    NodeWaits& server() { return waits["aggregator"]; }
    NodeWaits& client() { return waits["collaborator1"]; }
    ConnectionFacts& end_of_client() { return client().connections.front(); }

    std::vector<HindranceKind> kinds() const {
        std::vector<HindranceKind> found;
        for (const Hindrance& one : hindrances_of(state, scenario, waits)) found.push_back(one.kind);
        return found;
    }
    // What a change alone stands in the way with.
    void expect(HindranceKind kind, const std::function<void()>& change) {
        const auto before = waits;
        change();
        EXPECT_THAT(kinds(), ElementsAre(kind)) << word_of(kind);
        waits = before;
        EXPECT_THAT(kinds(), IsEmpty());
    }

    RunState state;
    Scenario scenario;
    WaitsByNode waits;
    Nanoseconds now{0};
};

TEST_F(ProofTest, NodeWithoutAThreadIsAboutToEnd) {
    client().processes = client().threads = 0;
    client().waits.clear();
    client().connections.clear();
    server().connections.clear();
    EXPECT_THAT(kinds(), ElementsAre(HindranceKind::runs));
}

TEST_F(ProofTest, NodesThatWaitForEachOtherWaitForEver) {
    EXPECT_THAT(kinds(), IsEmpty());
    server().connections.clear();  // half open: its end has nothing to send, and never learns
    server().waits = {waiting(WaitObject::listening, "accept4"), waiting(WaitObject::memory, "futex")};
    server().listening = {{.port = 9000, .awaited = true}};
    EXPECT_THAT(kinds(), IsEmpty());
}

TEST_F(ProofTest, AThreadThatCouldRunIsInTheWay) {
    const auto thread = [&]() -> ThreadFacts& { return client().waits.front(); };
    expect(HindranceKind::runs, [&] { thread().doing = ThreadDoing::runs; });
    expect(HindranceKind::stopped, [&] { thread().doing = ThreadDoing::stopped; });
    expect(HindranceKind::uninterruptible, [&] { thread().doing = ThreadDoing::uninterruptible; });
    expect(HindranceKind::wait_unknown, [&] { thread().doing = ThreadDoing::unknown; });
    expect(HindranceKind::wait_unknown, [&] { thread().end = WaitEnd::unknown; });
    expect(HindranceKind::wait_ends, [&] {
        thread().end = WaitEnd::in_time;
        thread().ends_in = 30s;
    });
    expect(HindranceKind::outside, [&] { thread().on.push_back({WaitObject::outside, 4}); });
    expect(HindranceKind::runs, [&] { client().unchanged_since.reset(); });
    expect(HindranceKind::own_timer, [&] { client().own_timers = true; });
    expect(HindranceKind::alarm, [&] { client().catches_alarm = true; });
    expect(HindranceKind::unread, [&] { client().unread = {"its threads: no"}; });
    expect(HindranceKind::left_out, [&] { client().left_out = 1; });
    expect(HindranceKind::unread, [&] { waits.erase("collaborator1"); });
}

TEST_F(ProofTest, AConnectionThatTheKernelStillWorksOnIsInTheWay) {
    const auto with_timer = [&](TcpTimer timer) {
        end_of_client().timers.timer = timer;
        end_of_client().timers.expires_ms = 500;
    };
    expect(HindranceKind::retransmission, [&] { with_timer(TcpTimer::retransmission); });
    expect(HindranceKind::keepalive, [&] { with_timer(TcpTimer::keepalive); });
    expect(HindranceKind::zero_window, [&] { with_timer(TcpTimer::zero_window); });
    expect(HindranceKind::queued, [&] { end_of_client().socket.send_queue = 1; });
    expect(HindranceKind::queued, [&] { end_of_client().socket.unacked = 1; });
    expect(HindranceKind::queued, [&] { end_of_client().socket.receive_queue = 1; });
    expect(HindranceKind::queued, [&] { end_of_client().socket.state = "CLOSE_WAIT"; });
    expect(HindranceKind::closing, [&] { end_of_client().socket.state = "LAST_ACK"; });
    expect(HindranceKind::closing, [&] { end_of_client().socket.state = "SYN_RECV"; });
    expect(HindranceKind::queued, [&] { client().listening = {{.port = 1, .waiting = 1, .awaited = true}}; });
    expect(HindranceKind::queued,
           [&] { client().datagrams = {{.local_port = 1, .receive_queue = 1, .awaited = true}}; });
}

TEST_F(ProofTest, WhatNobodyWaitsForIsNotInTheWay) {
    end_of_client().awaited = false;
    end_of_client().socket.receive_queue = 100;
    client().listening = {{.port = 1, .waiting = 1}};
    client().datagrams = {{.local_port = 1, .receive_queue = 1}};
    client().connections.push_back(connection("10.99.0.3", 40001, "10.99.0.2", 9000));
    client().connections.back().socket.state = "TIME_WAIT";
    client().connections.back().holders.clear();
    // In the queue of a socket at which nobody accepts.
    client().connections.push_back(connection("10.99.0.3", 1, "10.99.0.2", 40002));
    client().connections.back().holders.clear();
    client().connections.back().awaited = false;
    EXPECT_THAT(kinds(), IsEmpty());
}

// One sends without end, the other never reads again: probes of the window are answered for ever.
TEST_F(ProofTest, AFullWindowOfANodeThatNeverReadsIsForEver) {
    end_of_client().timers = {.timer = TcpTimer::zero_window, .expires_ms = 200};
    end_of_client().socket.send_queue = end_of_client().socket.unsent = 100'000;
    server().connections.front().awaited = false;
    server().connections.front().socket.receive_queue = 60'000;
    server().waits = {waiting(WaitObject::memory, "futex")};
    EXPECT_THAT(kinds(), IsEmpty());
    expect(HindranceKind::zero_window, [&] { end_of_client().options->user_timeout_ms = 1; });
    expect(HindranceKind::zero_window, [&] { end_of_client().options.reset(); });
    expect(HindranceKind::zero_window, [&] { end_of_client().timers.attempts = 2; });
    expect(HindranceKind::zero_window, [&] { server().connections.front().socket.receive_queue = 0; });
}

TEST_F(ProofTest, AFaultThatWillHealOrComeIsInTheWay) {
    tell(event::FaultFired{.kind = "drop", .nodes = {"collaborator1"}, .number = 1}, {.fault = "cut"});
    EXPECT_THAT(kinds(), ElementsAre(HindranceKind::fault));
    tell(event::FaultHealed{}, {.fault = "cut"});
    EXPECT_THAT(kinds(), IsEmpty());
    tell(event::TriggerMatched{.verdict = MatchCounter::Verdict::fire}, {.fault = "cut"});
    EXPECT_THAT(kinds(), ElementsAre(HindranceKind::fault)) << "within its delay";
    tell(
        event::FaultFired{
            .kind = "drop", .nodes = {"collaborator1"}, .number = 2, .flap = event::FlapCycle{1, 3}},
        {.fault = "cut"});
    tell(event::FaultHealed{}, {.fault = "cut"});
    EXPECT_THAT(kinds(), ElementsAre(HindranceKind::fault)) << "between two cycles";
}

TEST_F(ProofTest, AFaultThatDoesNotHealIsDone) {
    scenario.faults.resize(1);
    scenario.faults[0].name = "cut";
    scenario.faults[0].kind = fault_kind("kill");
    tell(event::FaultFired{.kind = "kill", .nodes = {"collaborator1"}, .number = 1}, {.fault = "cut"});
    EXPECT_THAT(kinds(), IsEmpty());
}

TEST_F(ProofTest, WhatTheScenarioLeavesOpenIsInTheWay) {
    scenario.fabric.uplink = {"collaborator1"};
    EXPECT_THAT(kinds(), ElementsAre(HindranceKind::uplink));
    scenario.fabric.uplink.clear();
    scenario.faults.resize(1);
    scenario.faults[0].name = "later";
    scenario.faults[0].trigger.kind = FaultTrigger::Kind::phase;
    EXPECT_THAT(kinds(), ElementsAre(HindranceKind::fault));
    scenario.faults[0].trigger.kind = FaultTrigger::Kind::log;
    EXPECT_THAT(kinds(), IsEmpty()) << "nobody prints any more";
    client().datagrams = {{.local_port = 1, .awaited = true}};
    EXPECT_THAT(kinds(), IsEmpty());
    scenario.fabric.kind = FabricKind::bridge;
    EXPECT_THAT(kinds(), ElementsAre(HindranceKind::queued));
}

TEST_F(ProofTest, WhatALinkDelaysForLongIsInTheWay) {
    const auto delayed = [](Nanoseconds delay) {
        return TraceFile{
            .trace = std::make_shared<LinkTrace>(
                std::vector<TraceStep>{{.bits_per_second = 1e6, .delay = delay}}, Nanoseconds(0))};
    };
    scenario.traces["near"] = delayed(50ms);
    EXPECT_THAT(kinds(), IsEmpty());
    scenario.traces["far"] = delayed(500ms);
    EXPECT_THAT(kinds(), ElementsAre(HindranceKind::queued));
}

TEST_F(ProofTest, ANodeThatHasEndedIsNotLookedAt) {
    waits.erase("aggregator");
    tell(event::NodeExited{.exit = {false, 1}, .starts = 1}, {.node = "aggregator"});
    EXPECT_THAT(kinds(), IsEmpty());
}

TEST_F(ProofTest, EachIsSaidInWords) {
    for (const auto& [kind, word] : hindrance_words)
        EXPECT_FALSE(text_of({kind, "collaborator1", "this", 2s}).empty()) << word;
    EXPECT_THAT(text_of({HindranceKind::retransmission, "collaborator1", "a - b", 929s}),
                HasSubstr("gives up in 929.0 s"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
