// SPDX-License-Identifier: Apache-2.0
//
// Why runs hang, with made-up records.
#include "why/cause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "hang_facts.h"
#include "node/exit_status.h"
#include "record/facts.h"
#include "why/hang_json.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

constexpr const char *server = "aggregator", *client = "collaborator1";
constexpr const char *of_server = "10.99.0.2", *of_client = "10.99.0.3";

ThreadFacts waiting(WaitObject object, WaitEnd end = WaitEnd::never) {
    ThreadFacts thread{.process = 10, .program = "p", .doing = ThreadDoing::waits, .call = "c", .end = end};
    if (end == WaitEnd::in_time) thread.ends_in = 1s;
    thread.on = {{object, 3}};
    return thread;
}

// A whole connection between two nodes, and each waits for the other.
class CauseTest : public testing::Test {
  protected:
    CauseTest() {
        for (const char* node : {server, client}) {
            NodeOutcome& outcome = facts.nodes.emplace_back();
            outcome.name = node;
            outcome.started = outcome.stopped_by_us = true;
            facts.waits[node].waits = {waiting(WaitObject::connection)};
        }
        facts.addresses = {{of_server, server}, {of_client, client}};
        facts.waits[server].connections = {connection(of_server, 9000, of_client, 40000)};
        facts.waits[server].listening = {{.port = 9000}};
        facts.waits[client].connections = {connection(of_client, 40000, of_server, 9000)};
        facts.proof.emplace();
    }
    ConnectionFacts& end_of(const char* node) { return facts.waits[node].connections.front(); }
    void half_open(const char* node, const char* peer, bool address_gone = false) {
        facts.half_open = {{node, peer, end_of(node).socket, address_gone}};
        facts.waits[peer].connections.clear();
    }
    void resend(const char* node, std::uint32_t attempts) {
        end_of(node).timers = {.timer = TcpTimer::retransmission, .expires_ms = 800, .attempts = attempts};
        end_of(node).socket.send_queue = 1400;
    }
    FaultOutcome& fault_that_is_on(bool exchanged) {
        FaultOutcome fault;
        fault.fault = "cut";
        fault.losses[client].up = 3;
        fault.recovery[client].exchanged = exchanged;
        facts.outcomes = {fault};
        return facts.outcomes.front();
    }
    Explanation why() const { return explain(facts); }

    Facts facts;
};

TEST_F(CauseTest, EverybodyWaits) {
    EXPECT_EQ(why().cause, Cause::all_wait);
    EXPECT_THAT(why().evidence, Contains(HasSubstr("for ever")));
}

TEST_F(CauseTest, ReplyGivenUpByTheServer) {
    half_open(client, server);
    EXPECT_EQ(why().cause, Cause::reply_given_up);
    EXPECT_EQ(why().node, client);
    EXPECT_EQ(why().peer, server);
    EXPECT_THAT(why().evidence, Contains(HasSubstr("SO_KEEPALIVE is off")));
    EXPECT_THAT(why().evidence, Contains(HasSubstr("no trace")));
    EXPECT_THAT(why().evidence, Contains(HasSubstr("collaborator1: its connection to aggregator (10.99.0.3 "
                                                   "40000 - 10.99.0.2 9000) is ESTABLISHED")));
}

// The page shows the first two lines.
TEST_F(CauseTest, OthersLinesOfCodeDoNotLookLikeThoseOfTheNodeThatHangs) {
    half_open(client, server);
    const event::NodeStack stack = {
        .process = 8, .program = "p", .python = true, .frames = {{"serve", "/srv/app.py", 7}}};
    facts.stacks = {{server, stack}};
    EXPECT_EQ(hang_json(facts).at("code"), Json({"collaborator1: the line at which it waits is not known",
                                                 "aggregator: p (8) is in serve, app.py:7"}));
    facts.stacks.emplace_back(client, stack);
    EXPECT_EQ(hang_json(facts).at("code"), Json({"collaborator1: p (8) is in serve, app.py:7",
                                                 "aggregator: p (8) is in serve, app.py:7"}));
}

TEST_F(CauseTest, ClientGoneSilently) {
    half_open(server, client);
    EXPECT_EQ(why().cause, Cause::peer_gone);
    EXPECT_EQ(why().node, server);
}

TEST_F(CauseTest, NodeThatHasEnded) {
    facts.nodes[1].stopped_by_us = false;
    facts.nodes[1].exit = ExitStatus{false, 1};
    facts.waits.erase(client);
    facts.waits[server].connections.clear();
    EXPECT_EQ(why().cause, Cause::node_ended);
    EXPECT_THAT(why().sentence,
                HasSubstr("collaborator1 has ended (exit code 1), and aggregator still waits"));
}

TEST_F(CauseTest, EvidenceIsOfNodesThatRunAndOfWhatComesFromElsewhere) {
    facts.nodes[1].stopped_by_us = false;
    facts.nodes[1].exit = ExitStatus{false, 1};
    facts.waits[server].connections.clear();
    facts.waits[server].waits = {waiting(WaitObject::memory)};
    EXPECT_EQ(why().cause, Cause::node_ended);
    EXPECT_THAT(why().evidence, testing::IsEmpty());
    facts.waits[server].waits.push_back(waiting(WaitObject::listening));
    EXPECT_THAT(why().evidence,
                testing::ElementsAre(HasSubstr("aggregator: p (10): 1 thread in c, on listening")));
}

TEST_F(CauseTest, WhatCannotLeaveItsNodeFillsNoWindow) {
    end_of(client).timers = {.timer = TcpTimer::zero_window, .expires_ms = 400, .peer_window = 65'536};
    end_of(client).socket.send_queue = end_of(client).socket.unsent = 700;
    EXPECT_EQ(why().cause, Cause::resending);
    EXPECT_THAT(why().sentence, HasSubstr("no link or no route"));
    end_of(client).timers.peer_window = 600;
    EXPECT_EQ(why().cause, Cause::zero_window);
}

TEST_F(CauseTest, AddressThatIsGone) {
    half_open(client, server, true);
    EXPECT_EQ(why().cause, Cause::address_gone);
    facts.half_open.clear();
    facts.addresses = {{of_server, server}, {"10.99.0.9", client}};
    facts.former_addresses = {{of_client, client}};
    facts.waits[server].connections = {connection(of_server, 9000, of_client, 40000)};
    EXPECT_EQ(why().cause, Cause::address_gone);
    EXPECT_EQ(why().node, server);
    EXPECT_EQ(why().peer, client);
}

TEST_F(CauseTest, WindowThatIsFull) {
    end_of(client).timers.timer = TcpTimer::zero_window;
    end_of(client).socket.send_queue = 100'000;
    end_of(server).socket.receive_queue = 60'000;
    EXPECT_EQ(why().cause, Cause::zero_window);
    EXPECT_THAT(why().sentence, HasSubstr("aggregator does not read what collaborator1 sends"));
}

TEST_F(CauseTest, NameServerThatDoesNotAnswer) {
    facts.waits[client].datagrams = {{.remote_port = 53, .awaited = true}};
    EXPECT_EQ(why().cause, Cause::name_server);
    facts.waits[client].datagrams[0].awaited = false;
    EXPECT_EQ(why().cause, Cause::all_wait);
}

// gRPC waits a second between two lookups, and at that moment has no socket that says so.
TEST_F(CauseTest, NameServerThatIsAskedAgainInAMoment) {
    FaultOutcome& fault = fault_that_is_on(false);
    fault.losses[server] = {};
    EXPECT_EQ(why().cause, Cause::fault_on);
    fault.kind = fault_kind("dns");
    EXPECT_EQ(why().cause, Cause::name_server);
    EXPECT_EQ(why().node, client) << "the other one has asked for nothing";
    fault.healed = 20s;
    EXPECT_EQ(why().cause, Cause::all_wait);
}

TEST_F(CauseTest, LargePacketsThatDoNotGetThrough) {
    fault_that_is_on(true);
    resend(server, 5);
    EXPECT_EQ(why().cause, Cause::large_packets);
    resend(server, 2);
    EXPECT_EQ(why().cause, Cause::resending) << "that may be loss";
}

// The program has given one up, and tries anew.
TEST_F(CauseTest, LargePacketsOfTheNextConnectionAreNotYetSentAgainAsOften) {
    FaultOutcome& fault = fault_that_is_on(true);
    end_of(server).socket.send_queue = 1351;
    EXPECT_NE(why().cause, Cause::large_packets) << "it was sent just now";
    Conversation before;
    before.peer = server;
    before.outcome = Conversation::Outcome::given_up;
    fault.recovery[client].conversations = {before};
    EXPECT_EQ(why().cause, Cause::large_packets);
    fault.recovery[client].conversations[0].peer = "collaborator7";
    EXPECT_NE(why().cause, Cause::large_packets);
}

TEST_F(CauseTest, LargePacketsOfAConnectionThatWasOpenedSince) {
    FaultOutcome& fault = fault_that_is_on(false);
    resend(server, 5);
    EXPECT_EQ(why().cause, Cause::fault_on) << "nobody has looked when it began";
    fault.carried[server];
    EXPECT_EQ(why().cause, Cause::large_packets) << "it was not there, however soon it came";
    end_of(client).socket.state = "SYN_SENT";
    EXPECT_EQ(why().cause, Cause::fault_on) << "its answer may have been lost for any reason";
}

TEST_F(CauseTest, LargePacketsOfAConnectionThatWasThere) {
    FaultOutcome& fault = fault_that_is_on(false);
    resend(server, 5);
    end_of(server).socket.bytes_received = 700;
    fault.carried[server][connection_name(server, end_of(server).socket)] = {.received = 700};
    EXPECT_EQ(why().cause, Cause::fault_on);
    end_of(server).socket.bytes_received = 800;
    EXPECT_EQ(why().cause, Cause::large_packets) << "the request came, and its answer does not get through";
}

TEST_F(CauseTest, WhatCameIsKnownFromTheOtherEndToo) {
    FaultOutcome& fault = fault_that_is_on(false);
    resend(server, 5);
    end_of(client).socket.bytes_acked = 700;
    fault.carried[client][connection_name(client, end_of(client).socket)] = {.acked = 700};
    EXPECT_EQ(why().cause, Cause::fault_on);
    end_of(client).socket.bytes_acked = 800;
    EXPECT_EQ(why().cause, Cause::large_packets);
}

TEST_F(CauseTest, LargeAnswerThatWasGivenUp) {
    FaultOutcome& fault = fault_that_is_on(false);
    half_open(client, server);
    EXPECT_EQ(why().cause, Cause::fault_on);
    const TcpSocket& socket = facts.half_open[0].socket;
    fault.carried[client][connection_name(client, socket)];
    EXPECT_EQ(why().cause, Cause::fault_on) << "it was there before";
    fault.carried[client].clear();
    EXPECT_EQ(why().cause, Cause::large_packets) << "it was opened since";
    EXPECT_EQ(why().node, client);
}

// Loss by a list, in bursts: TCP has bad luck with packets of any size.
TEST_F(CauseTest, WhatAListLosesIsNotLostForItsSize) {
    FaultOutcome& fault = fault_that_is_on(true);
    fault.list_period = 100'000;
    resend(server, 5);
    EXPECT_EQ(why().cause, Cause::resending);
    half_open(client, server);
    fault.carried[client];
    EXPECT_EQ(why().cause, Cause::reply_given_up);
}

TEST_F(CauseTest, FaultThatIsOn) {
    FaultOutcome& fault = fault_that_is_on(false);
    resend(server, 5);
    EXPECT_EQ(why().cause, Cause::fault_on);
    fault.healed = 3s;
    EXPECT_EQ(why().cause, Cause::resending);
    EXPECT_THAT(why().evidence, Contains(HasSubstr("gives it up in")));
}

TEST_F(CauseTest, NobodyAnswersWhoConnects) {
    resend(client, 0);
    end_of(client).socket.state = "SYN_SENT";
    EXPECT_EQ(why().cause, Cause::resending);
    EXPECT_THAT(why().sentence, HasSubstr("tries to connect to aggregator"));
}

TEST_F(CauseTest, DeadlockWithoutASocket) {
    facts.waits[server].waits = {waiting(WaitObject::memory), waiting(WaitObject::child)};
    EXPECT_EQ(why().cause, Cause::no_socket);
    EXPECT_EQ(why().node, server);
    EXPECT_THAT(why().sentence, HasSubstr("not to blame"));
}

TEST_F(CauseTest, LinkAddressThatIsStale) {
    resend(server, 4);
    NeighbourFacts neighbour{of_client, "02:00:00:00:00:01", true};
    facts.waits[server].neighbours = {neighbour};
    facts.link_addresses = {{client, "02:00:00:00:00:01"}};
    EXPECT_EQ(why().cause, Cause::resending) << "it is the right one";
    facts.link_addresses = {{client, "02:00:00:00:00:02"}};
    EXPECT_EQ(why().cause, Cause::stale_neighbour);
    EXPECT_EQ(why().node, server);
    EXPECT_EQ(why().peer, client);
    EXPECT_THAT(why().sentence, HasSubstr("02:00:00:00:00:01, and collaborator1 has 02:00:00:00:00:02"));
    EXPECT_THAT(why().evidence, Contains(HasSubstr("4 attempts")));
    facts.waits[server].neighbours[0].resolved = false;
    EXPECT_THAT(why().sentence, HasSubstr("finds no link address"));
    fault_that_is_on(false);
    EXPECT_EQ(why().cause, Cause::fault_on) << "nobody could answer";
}

TEST_F(CauseTest, StoppedProcess) {
    facts.waits[client].waits[0].doing = ThreadDoing::stopped;
    EXPECT_EQ(why().cause, Cause::stopped);
}

TEST_F(CauseTest, WhatGoesOnInVain) {
    facts.waits[client].waits = {waiting(WaitObject::time, WaitEnd::in_time)};
    EXPECT_EQ(why().cause, Cause::retries);
    facts.waits.clear();
    EXPECT_EQ(why().cause, Cause::unknown);
}

TEST(Cause, EachHasARemedyAndASectionInTheDocumentation) {
    std::ifstream file(NETCUT_SOURCE_DIR "/docs/hangs.md");
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    for (const auto& [cause, word] : cause_words) {
        EXPECT_GT(std::string(remedy_of(cause)).size(), 20U) << word;
        EXPECT_THAT(page, HasSubstr(std::string("\n### ") + word + "\n"));
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
