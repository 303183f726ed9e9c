// SPDX-License-Identifier: Apache-2.0
//
// What a run has come to, by its events.
#include "record/run_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "kernel/sockdiag.h"
#include "record/event.h"
#include "record/facts.h"
#include "scenario/scenario.h"
#include "trigger/match_counter.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

// Takes events, each a second after the one before.
class Story {
  public:
    explicit Story(RunState::Bounds bounds = {}) : state(bounds) {}

    std::string tell(event::Any what, event::About about = {}) {
        Event event;
        event.t = now += 1s;
        event.what = std::move(what);
        event.node = about.node;
        event.fault = about.fault;
        return state.apply(event);
    }
    void begin() {
        tell(event::RunBegun{.nodes = {"aggregator", "collaborator1"}});
        for (const char* node : {"aggregator", "collaborator1"}) tell(event::NodeStarted{}, {.node = node});
    }
    void fire(event::FaultFired fired = {.kind = "drop", .nodes = {"collaborator1"}, .took_us = 500}) {
        fired.number = state.fault("cut") != nullptr ? state.fault("cut")->firings + 1 : 1;
        tell(std::move(fired), {.fault = "cut"});
    }
    void heal() {
        tell(event::FaultHealed{.packets_lost = std::map<std::string, std::uint64_t>{{"collaborator1", 3}},
                                .losses = {{"collaborator1", {.up = 1, .down = 2}}}},
             {.fault = "cut"});
    }

    RunState state;
    Nanoseconds now{0};
};

TEST(RunState, NodesRunPauseEndAndStartAgain) {
    Story story;
    story.begin();
    const NodeState& node = story.state.nodes().at(1);
    EXPECT_TRUE(node.runs());
    story.fire();
    story.tell(event::NodePaused{.processes = 3, .unstopped = 1}, {"collaborator1", "cut"});
    EXPECT_TRUE(node.paused);
    EXPECT_EQ(story.state.firings().at(0).pauses.at("collaborator1").unstopped, 1);
    story.tell(event::NodeResumed{}, {.node = "collaborator1"});
    EXPECT_FALSE(node.paused);
    story.tell(event::NodeExited{.exit = {true, 9}, .starts = 1, .killed_by_fault = true},
               {.node = "collaborator1"});
    EXPECT_FALSE(node.runs());
    EXPECT_TRUE(node.outcome.after_fault);
    story.tell(event::NodeStarted{}, {.node = "collaborator1"});
    EXPECT_TRUE(node.runs());
    EXPECT_FALSE(node.outcome.killed_by_fault);
}

TEST(RunState, AFiringHasItsTriggerItsLossesAndItsRecoveries) {
    Story story;
    story.begin();
    story.tell(event::TriggerMatched{.line = "go", .verdict = MatchCounter::Verdict::fire},
               {"aggregator", "cut"});
    EXPECT_TRUE(story.state.fault("cut")->delayed);
    story.fire();
    EXPECT_TRUE(story.state.fault("cut")->on);
    story.heal();
    EXPECT_FALSE(story.state.fault("cut")->on);
    story.tell(event::NodeRecovered{{.sent = 1s, .received = 2s}}, {"collaborator1", "cut"});
    const Firing& firing = story.state.firings().at(0);
    EXPECT_EQ(firing.in_effect - firing.fired, 500us);
    EXPECT_EQ(*firing.healed - firing.fired, 1s);
    EXPECT_EQ(firing.hit.at("collaborator1"), 3U);
    EXPECT_EQ(firing.losses.at("collaborator1").down, 2U);
    EXPECT_EQ(firing.recovery.at("collaborator1").network_back(), 2s);
    story.fire();
    EXPECT_EQ(story.state.firings().at(1).number, 2U);
    EXPECT_THAT(story.state.firings().at(1).hit, IsEmpty());
}

TEST(RunState, AFiringAtAMomentIsInEffectAtOnce) {
    Story story;
    story.begin();
    story.tell(event::FaultArmed{.when = "sent 5", .took_us = 100}, {.fault = "cut"});
    EXPECT_TRUE(story.state.fault("cut")->armed);
    story.tell(event::TriggerMissed{}, {.fault = "cut"});
    story.tell(event::TriggerTripped{.when = "sent 5", .packet = "p"}, {"collaborator1", "cut"});
    story.now -= 1s;
    story.fire();
    const Firing& firing = story.state.firings().at(0);
    EXPECT_EQ(firing.in_effect, firing.fired);
    ASSERT_TRUE(firing.moment);
    EXPECT_EQ(firing.moment->what.packet, "p");
    EXPECT_EQ(firing.moment->armed_by - firing.moment->armed, 100us);
    EXPECT_EQ(firing.missed, 1U);
    EXPECT_FALSE(story.state.fault("cut")->moment);
}

TEST(RunState, SaysWhatCannotFollow) {
    Story story;
    story.begin();
    EXPECT_THAT(story.tell(event::RunBegun{}), HasSubstr("begun already"));
    EXPECT_THAT(story.tell(event::NodeStarted{}, {.node = "nobody"}), HasSubstr("no node nobody"));
    EXPECT_THAT(story.tell(event::FaultHealed{}, {.fault = "cut"}), HasSubstr("was not fired"));
    EXPECT_THAT(story.tell(event::RunStopping{EndReason::interrupted, 4711}), HasSubstr("no such signal"));
    EXPECT_EQ(story.state.nodes().size(), 2U);
}

TEST(RunState, ABeginningThatIsMissingIsMadeUpFor) {
    Story story;
    EXPECT_THAT(story.tell(event::NodeStarted{}, {.node = "collaborator7"}), IsEmpty());
    story.fire();
    EXPECT_TRUE(story.state.node("collaborator7")->runs());
    EXPECT_TRUE(story.state.fault("cut")->on);
}

TEST(RunState, WhatIsBeyondItsBoundsIsLeftOut) {
    Story story({.nodes = 1, .faults = 1, .firings = 2});
    story.begin();
    EXPECT_EQ(story.state.nodes().size(), 1U);
    for (int i = 0; i < 5; ++i) {
        story.fire();
        story.heal();
    }
    EXPECT_EQ(story.state.firings().size(), 2U);
    EXPECT_EQ(story.state.firings_left_out(), 3U);
    EXPECT_FALSE(story.state.fault("cut")->on);
    EXPECT_THAT(story.tell(event::FaultFired{}, {.fault = "other"}), HasSubstr("too many faults"));
}

TEST(RunState, SumsOverConnectionsAsTheyWereSeenLast) {
    Story story;
    story.begin();
    const auto see = [&](std::uint16_t port, std::uint32_t resent) {
        TcpSocket socket;
        socket.local_port = port;
        socket.total_retransmits = resent;
        story.tell(event::SocketsSeen{.sockets = {socket}}, {.node = "collaborator1"});
    };
    see(50, 2);
    see(51, 10);
    see(50, 5);
    see(51, 1);  // another one
    EXPECT_EQ(story.state.node("collaborator1")->outcome.figures[0], 16U);
}

// It came and went between two looks at all sockets.
TEST(RunState, SumsOverConnectionsThatWereShort) {
    Story story;
    story.begin();
    TcpSocket socket;
    const auto tell = [&](ConnectionChange change, std::uint32_t resent) {
        socket.total_retransmits = resent;
        story.tell(event::ConnectionChanged{.change = change, .socket = socket}, {.node = "collaborator1"});
    };
    const auto sum = [&] { return story.state.node("collaborator1")->outcome.figures[0]; };
    tell(ConnectionChange::opened, 0);
    tell(ConnectionChange::resent, 3);
    tell(ConnectionChange::gone, 3);
    EXPECT_EQ(sum(), 3U);
    story.now += 1s;
    tell(ConnectionChange::opened, 0);  // the same ports
    tell(ConnectionChange::resent, 2);
    EXPECT_EQ(sum(), 5U);
    socket.total_retransmits = 4;
    story.now += 1s;
    story.tell(event::SocketsSeen{.sockets = {socket}}, {.node = "collaborator1"});
    story.now -= 1500ms;
    tell(ConnectionChange::resent, 3);  // what a thread saw before that, and told afterwards
    EXPECT_EQ(sum(), 7U);
}

TEST(RunState, AFiringHasWhatConnectionsHadCarriedWhenItBegan) {
    Story story;
    story.begin();
    story.fire();
    TcpSocket open, opening;
    open.state = "ESTABLISHED";
    open.local_port = 1;
    open.bytes_acked = 10;
    open.bytes_received = 20;
    opening.state = "SYN_SENT";
    opening.local_port = 2;
    story.tell(event::SocketsSeen{SocketMoment::cut, {open, opening}}, {.node = "collaborator1"});
    const auto& carried = story.state.firings().at(0).carried.at("collaborator1");
    EXPECT_THAT(carried,
                testing::ElementsAre(testing::Pair(connection_name("collaborator1", open), Carried{10, 20})));
    open.bytes_acked = 30;
    story.tell(event::SocketsSeen{SocketMoment::end, {open}}, {.node = "collaborator1"});
    EXPECT_EQ(carried.begin()->second.acked, 10U);
    story.heal();
    EXPECT_THAT(story.state.firings().at(0).carried, IsEmpty());
}

TEST(RunState, KeepsNoMoreThanItsBytes) {
    Story story({.bytes = 10'000});
    story.begin();
    for (int round = 0; round < 1000; ++round)
        story.tell(event::Progress{std::to_string(round)}, {.node = "aggregator"});
    EXPECT_GT(story.state.rounds().count("aggregator"), 50U);
    EXPECT_LT(story.state.rounds().count("aggregator"), 200U);
    EXPECT_GT(story.state.events_left_out(), 800U);
    EXPECT_THAT(story.tell(event::NodePhase{}, {.node = "aggregator"}), IsEmpty());
}

TEST(RunState, FactsAreOfTheScenariosNodesAndFaults) {
    Story story;
    story.begin();
    story.fire();
    Scenario scenario;
    scenario.collaborators = 2;
    scenario.faults.emplace_back().name = "other";
    const Facts facts = story.state.facts(scenario);
    ASSERT_EQ(facts.nodes.size(), 3U);
    EXPECT_TRUE(facts.nodes[1].started);
    EXPECT_FALSE(facts.nodes[2].started);
    EXPECT_THAT(facts.outcomes, IsEmpty());
    ASSERT_EQ(facts.unfired.size(), 1U);
    EXPECT_EQ(facts.unfired[0].fault, "other");
}

TEST(RunState, FiringsOfOneMomentAreInTheOrderOfTheScenario) {
    Story story;
    story.begin();
    for (const char* fault : {"second", "first"}) {
        story.tell(event::FaultFired{.nodes = {"collaborator1"}}, {.fault = fault});
        story.now -= 1s;
    }
    Scenario scenario;
    for (const char* fault : {"first", "second"}) scenario.faults.emplace_back().name = fault;
    const Facts facts = story.state.facts(scenario);
    ASSERT_EQ(facts.outcomes.size(), 2U);
    EXPECT_EQ(facts.outcomes[0].fault, "first");
}

TEST(RunState, SumsWhatCapturesMissed) {
    Story story;
    story.begin();
    story.tell(event::CaptureMissed{.seen = 2, .lost = 1});
    story.tell(event::CaptureMissed{.seen = 3, .more_lost = true});
    EXPECT_EQ(story.state.captures().missed.seen, 5U);
    EXPECT_TRUE(story.state.captures().missed.more_lost);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
