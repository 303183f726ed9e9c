// SPDX-License-Identifier: Apache-2.0
//
// What is foreseen of a run that hangs, and its state, with made-up records.
#include "why/foresight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hang_facts.h"
#include "record/facts.h"
#include "why/hang_state.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char *server = "aggregator", *client = "collaborator1";

// A client waits for ever on a connection, and its server comes back to a listening socket now and then.
class ForesightTest : public testing::Test {
  protected:
    ForesightTest() {
        facts.addresses = {{"10.99.0.2", server}, {"10.99.0.3", client}};
        NodeWaits& waits = facts.waits[client];
        waits.connections = {connection("10.99.0.3", 40000, "10.99.0.2", 9000)};
        waits.waits = {{.process = 10,
                        .program = "p",
                        .doing = ThreadDoing::waits,
                        .call = "recvfrom",
                        .end = WaitEnd::never,
                        .on = {{WaitObject::connection, 3, ends_of(waits.connections[0].socket)}}}};
        facts.waits[server].waits = {{.process = 9,
                                      .program = "s",
                                      .doing = ThreadDoing::waits,
                                      .call = "epoll_wait",
                                      .end = WaitEnd::in_time,
                                      .ends_in = 10s,
                                      .on = {{WaitObject::listening, 3, ":: 9000"}}}};
        facts.waits[server].listening = {{.port = 9000}};
        facts.looked_at = 100s;
        facts.proof.emplace();
    }
    ConnectionFacts& end() { return facts.waits[client].connections.front(); }
    std::vector<std::string> texts() const {
        std::vector<std::string> all;
        for (const Foreseen& one : foresee(facts)) all.push_back(text_of(one));
        return all;
    }
    std::string state() const { return hang_state(facts.addresses, facts.relayed, facts.waits); }

    Facts facts;
};

TEST_F(ForesightTest, KeepaliveProbeInTwoHours) {
    end().timers = {.timer = TcpTimer::keepalive, .expires_ms = 7'180'000};
    end().options->keepalive_count = 9;
    end().options->keepalive_interval_s = 75;
    EXPECT_THAT(
        texts(),
        ElementsAre("aggregator: s (9), epoll_wait ends within 10.0 s",
                    "collaborator1: a keepalive probe on 10.99.0.3 40000 - 10.99.0.2 9000 in 7180.0 s",
                    "collaborator1: TCP gives 10.99.0.3 40000 - 10.99.0.2 9000 up in 7855.0 s"));
}

TEST_F(ForesightTest, WhenTcpGivesUpSinceTheHeal) {
    FaultOutcome fault;
    fault.healed = 40s;
    facts.outcomes = {fault};
    end().timers = {
        .timer = TcpTimer::retransmission, .expires_ms = 5'000, .attempts = 9, .rto_us = 104'448'000};
    end().socket.send_queue = 100;
    const auto all = foresee(facts);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all.back().kind, ForeseenKind::gives_up);
    EXPECT_EQ(all.back().after_heal, 60s + all.back().in);
    EXPECT_GT(all.back().in, 600s) << "six retries more, of 120 s each";
    EXPECT_THAT(text_of(all.back()), testing::EndsWith(" s after the heal"));
}

TEST_F(ForesightTest, OfEachKindTheFirstOfANodeAndWaitsAreLeftOutFirst) {
    NodeWaits& waits = facts.waits[server];
    waits.waits.push_back(waits.waits.front());
    waits.waits.back().ends_in = 999ms;
    EXPECT_THAT(texts(), ElementsAre("aggregator: s (9), epoll_wait ends within 10.0 s")) << "not what polls";
    waits.waits.back().ends_in = 1s;
    EXPECT_THAT(texts(), ElementsAre("aggregator: s (9), epoll_wait ends within 1.0 s"));
    for (int i = 0; i < 100; ++i) facts.waits["n" + std::to_string(i)] = facts.waits[server];
    end().timers = {.timer = TcpTimer::zero_window, .expires_ms = 60'000};
    const auto all = foresee(facts);
    ASSERT_EQ(all.size(), most_foreseen);
    EXPECT_EQ(all.back().kind, ForeseenKind::asks_for_room);
}

// No link: 700 bytes wait, and the other end has room for them.
TEST_F(ForesightTest, WhatCannotLeaveIsTriedAgainAndGivenUp) {
    end().socket.send_queue = end().socket.unsent = 700;
    end().timers = {.timer = TcpTimer::zero_window,
                    .expires_ms = 400,
                    .attempts = 1,
                    .backoff = 1,
                    .rto_us = 200'000,
                    .peer_window = 65'536};
    const auto all = foresee(facts);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].kind, ForeseenKind::sends_again);
    EXPECT_EQ(all[2].kind, ForeseenKind::gives_up);
    // 0.4 s, then 0.8 s, 1.6 s and so on to 102.4 s, and 120 s each after that: 14 tries more.
    EXPECT_EQ(all[2].in, 204'400ms + 6 * 120s);
    end().timers.peer_window = 0;
    EXPECT_EQ(foresee(facts).back().kind, ForeseenKind::wait_ends);
}

TEST_F(ForesightTest, StateOfADeadWait) {
    EXPECT_EQ(
        state(),
        "collaborator1 waits for ever in recvfrom on a connection to aggregator port 9000, which has no "
        "trace of it");
    facts.waits[client].waits[0].end = WaitEnd::in_time;
    EXPECT_THAT(state(), testing::HasSubstr("waits again and again in recvfrom"));
    end().socket.local_port = 40001;  // another time
    facts.waits[client].waits[0].on[0].what = ends_of(end().socket);
    EXPECT_THAT(state(), testing::HasSubstr("aggregator port 9000"));
    facts.addresses.erase("10.99.0.3");
    EXPECT_THAT(state(), testing::HasSubstr("from an address that it has no more"));
}

TEST_F(ForesightTest, WhatAProxyIsToSayMayYetCome) {
    facts.relayed = {client};
    EXPECT_THAT(state(), IsEmpty());
    end().socket.remote =
        boost::asio::ip::make_address("10.99.240.0");  // the proxy, which has not connected yet
    facts.waits[client].waits[0].on[0].what = ends_of(end().socket);
    EXPECT_THAT(state(), IsEmpty());
    facts.relayed.clear();
    EXPECT_THAT(state(), testing::HasSubstr("which nobody is any more"));
}

TEST_F(ForesightTest, TalkOfANodeToItselfIsNoDeadWait) {
    NodeWaits& waits = facts.waits[client];
    waits.connections = {connection("127.0.0.1", 40000, "127.0.0.1", 9000),
                         connection("127.0.0.1", 9000, "127.0.0.1", 40000)};
    waits.waits[0].on[0].what = ends_of(waits.connections[0].socket);
    EXPECT_THAT(state(), IsEmpty());
    waits.connections.pop_back();
    facts.waits[server].connections = {
        connection("127.0.0.1", 9000, "127.0.0.1", 40000)};  // another loopback
    EXPECT_THAT(state(), testing::HasSubstr("collaborator1 port 9000, which has no trace of it"));
}

TEST_F(ForesightTest, WhatMayEndByItselfIsNoState) {
    facts.waits[client].waits[0].end = WaitEnd::unknown;
    EXPECT_THAT(state(), IsEmpty());
    facts.waits[client].waits[0].end = WaitEnd::never;
    end().timers.timer = TcpTimer::keepalive;
    EXPECT_THAT(state(), IsEmpty()) << "a keepalive finds out";
    end().timers.timer = TcpTimer::none;
    end().socket.receive_queue = 1;
    EXPECT_THAT(state(), IsEmpty()) << "something has come";
    end().socket.receive_queue = 0;
    facts.waits[server].connections = {connection("10.99.0.2", 9000, "10.99.0.3", 40000)};
    EXPECT_THAT(state(), IsEmpty()) << "the other end is there";
    facts.waits.erase(server);
    EXPECT_THAT(state(), IsEmpty()) << "the other end is not known";
}

TEST_F(ForesightTest, LongestWaitIsOfThoseThatSomebodyWaitsFor) {
    EXPECT_EQ(longest_wait(facts.waits, 60s), 10s);
    EXPECT_EQ(longest_wait(facts.waits, 5s), 0s);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
