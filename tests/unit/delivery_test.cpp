// SPDX-License-Identifier: Apache-2.0
//
// From packets to the ledger of deliveries.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "safety/deliveries.h"
#include "safety/ledger.h"
#include "safety/twins.h"
#include "scenario/scenario.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr std::uint32_t update_size = 264'000, model_size = 230'000;

// Connections of a federation, as the packets of them that pass. Time goes on by itself.
class Wire {
  public:
    Wire()
        : follower_([this](const std::string& node, const event::Delivered& what) {
              delivered.push_back({node, what});
          }) {
        follower_.own("10.99.0.2", aggregator_name);
        for (unsigned i = 1; i <= 4; ++i) follower_.own(address(i), collaborator_name(i));
    }

    struct Connection {
        unsigned collaborator = 0;
        std::uint16_t port = 0;
        std::uint32_t up = 0, down = 0;
    };
    Connection open(unsigned collaborator) {
        Connection one{collaborator, next_port_++, 0xffffff00, 7};  // sequence numbers wrap
        packet(one, true, one.up++, 0, tcp_flag::syn);
        packet(one, false, one.down++, 0, tcp_flag::syn | tcp_flag::ack);
        return one;
    }
    void send(Connection& one, std::uint32_t bytes) { pass(one, true, one.up, bytes); }
    void receive(Connection& one, std::uint32_t bytes) { pass(one, false, one.down, bytes); }
    void close(Connection& one) {
        packet(one, true, one.up, 0, tcp_flag::fin | tcp_flag::ack);
        packet(one, false, one.down, 0, tcp_flag::fin | tcp_flag::ack);
    }
    void packet(const Connection& one, bool up, std::uint32_t seq, std::uint32_t payload,
                std::uint8_t flags) {
        PacketHeader header;
        header.source = boost::asio::ip::make_address(up ? address(one.collaborator) : "10.99.0.2");
        header.destination = boost::asio::ip::make_address(up ? "10.99.0.2" : address(one.collaborator));
        header.protocol = IPPROTO_TCP;
        header.source_port = up ? one.port : 50051;
        header.destination_port = up ? 50051 : one.port;
        header.tcp = TcpFields{seq, 0, flags};
        header.payload = payload;
        follower_.take(header, now_ += 1ms);
    }
    void wait(Nanoseconds time) { now_ += time; }
    void finish() { follower_.finish(); }

    // As the reference does: a connection for each call.
    void take_model(unsigned collaborator) {
        Connection one = open(collaborator);
        send(one, 400);
        receive(one, model_size);
        close(one);
    }
    void send_update(unsigned collaborator, std::uint32_t bytes = update_size) {
        Connection one = open(collaborator);
        send(one, bytes);
        receive(one, 300);
        close(one);
    }
    // What is behind these bytes never comes.
    void break_update_off(unsigned collaborator, std::uint32_t bytes) {
        Connection one = open(collaborator);
        send(one, bytes);
        packet(one, false, one.down, 0, tcp_flag::rst);
    }

    std::vector<SafetyFacts::Delivery> delivered;

  private:
    static std::string address(unsigned collaborator) { return fmt::format("10.99.0.{}", 2 + collaborator); }
    void pass(Connection& one, bool up, std::uint32_t& seq, std::uint32_t bytes) {
        for (std::uint32_t done = 0; done < bytes;) {
            const std::uint32_t now = std::min<std::uint32_t>(bytes - done, 1448);
            packet(one, up, seq, now, tcp_flag::ack);
            seq += now;
            done += now;
        }
    }

    DeliveryFollower follower_;
    Nanoseconds now_{0};
    std::uint16_t next_port_ = 40000;
};

void round_of_all(Wire& wire, unsigned collaborators) {
    for (unsigned i = 1; i <= collaborators; ++i) wire.take_model(i);
    for (unsigned i = 1; i <= collaborators; ++i) wire.send_update(i);
}

TwinFacts twins_of(unsigned rounds, unsigned collaborators) {
    Wire wire;
    for (unsigned i = 0; i < rounds; ++i) round_of_all(wire, collaborators);
    Facts facts;
    facts.safety.deliveries = wire.delivered;
    Scenario scenario;
    scenario.collaborators = collaborators;
    return twin_facts({facts}, scenario, {});
}

std::vector<std::optional<unsigned>> updates_of(const Ledger& ledger, const std::string& node) {
    std::vector<std::optional<unsigned>> all;
    for (const Delivery& one : ledger.at(node)) all.push_back(one.update);
    return all;
}

// Of a run in which a fault could have met each of them.
Ledger ledger_of(const Wire& wire, const TwinFacts& twins) {
    Facts facts;
    facts.safety.deliveries = wire.delivered;
    facts.outcomes.emplace_back().losses = {{"aggregator", {}}};
    return make_ledger(facts, twins);
}

TEST(Delivery, WhatIsSentAgainCountsOnceAndOrderDoesNotMatter) {
    Wire wire;
    auto one = wire.open(1);
    const std::uint32_t begin = one.up;
    wire.packet(one, true, begin + 20'000, 20'000, tcp_flag::ack);
    wire.packet(one, true, begin, 20'000, tcp_flag::ack);
    wire.packet(one, true, begin, 20'000, tcp_flag::ack);
    wire.packet(one, true, begin + 10'000, 35'000, tcp_flag::ack);
    one.up = begin + 45'000;
    wire.close(one);
    ASSERT_EQ(wire.delivered.size(), 2U);
    EXPECT_EQ(wire.delivered[0].node, "collaborator1");
    EXPECT_EQ(wire.delivered[0].what.up, 45'000U);
    EXPECT_EQ(wire.delivered[1].what.up + wire.delivered[1].what.down, 0U);  // it was closed in order
}

TEST(Delivery, WhatIsBehindAGapIsNotDelivered) {
    Wire wire;
    auto one = wire.open(1);
    wire.packet(one, true, one.up, 20'000, tcp_flag::ack);
    wire.packet(one, true, one.up + 30'000, 50'000, tcp_flag::ack);
    wire.finish();
    ASSERT_EQ(wire.delivered.size(), 1U);
    EXPECT_EQ(wire.delivered[0].what.up, 20'000U);
}

TEST(Delivery, PollsAreNotTold) {
    Wire wire;
    for (int i = 0; i < 100; ++i) wire.send_update(1, 500);
    EXPECT_THAT(wire.delivered, IsEmpty());
}

// Two rounds of one collaborator on one connection.
void keep_one(Wire& wire) {
    auto one = wire.open(1);
    for (int round = 0; round < 2; ++round) {
        wire.send(one, 400);
        wire.receive(one, model_size);
        wire.wait(1s);
        wire.send(one, update_size / 2);
        wire.receive(one, 90);
        wire.wait(1s);  // on a crowded machine
        wire.send(one, update_size - update_size / 2);
        wire.receive(one, 300);
        wire.wait(1s);
    }
    wire.close(one);
}

TEST(Delivery, AnUploadThatPausesIsOneUpload) {
    Wire wire, twin;
    keep_one(wire);
    keep_one(twin);
    ASSERT_EQ(wire.delivered.size(), 4U);
    EXPECT_EQ(wire.delivered[0].what.down, model_size);
    EXPECT_EQ(wire.delivered[2].what.up, update_size);
    Facts facts;
    facts.safety.deliveries = twin.delivered;
    Scenario scenario;
    scenario.collaborators = 1;
    EXPECT_THAT(updates_of(ledger_of(wire, twin_facts({facts}, scenario, {})), "collaborator1"),
                ElementsAre(1U, 1U));
}

TEST(Ledger, EachUpdateOnceInEachRound) {
    Wire wire;
    round_of_all(wire, 4);
    round_of_all(wire, 4);
    const Ledger ledger = ledger_of(wire, twins_of(2, 4));
    ASSERT_EQ(ledger.size(), 4U);
    for (const auto& [node, rounds] : ledger) {
        EXPECT_THAT(updates_of(ledger, node), ElementsAre(1U, 1U)) << node;
        EXPECT_EQ(rounds[0].model, 1U);
    }
}

// As the jobs of FLARE's sites: each keeps a connection, and one is ready only when the other one sends already.
TEST(Ledger, WhoBeginsLateIsInTheSameRound) {
    Wire wire;
    const auto take = [&](Wire::Connection& one) {
        wire.receive(one, model_size);
        wire.wait(100ms);
    };
    Wire::Connection early = wire.open(1);
    wire.send(early, 400);
    take(early);
    wire.send(early, update_size);
    Wire::Connection late = wire.open(2);
    wire.send(late, 400);
    take(late);
    wire.send(late, update_size);
    take(early);
    take(late);
    wire.send(early, update_size);
    wire.send(late, update_size);
    wire.finish();
    for (const auto& [node, rounds] : wire_rounds(wire.delivered, {})) {
        ASSERT_EQ(rounds.size(), 2U) << node;
        for (const WireRound& round : rounds) EXPECT_THAT(round.updates, ElementsAre(update_size)) << node;
    }
}

TEST(Ledger, AnUpdateThatIsSentTwiceOrBrokenOff) {
    Wire wire;
    for (unsigned i = 1; i <= 4; ++i) wire.take_model(i);
    for (unsigned i = 1; i <= 3; ++i) wire.send_update(i);
    wire.send_update(4, update_size / 2);
    wire.send_update(4);
    wire.send_update(2);
    round_of_all(wire, 4);
    const Ledger ledger = ledger_of(wire, twins_of(2, 4));
    EXPECT_THAT(updates_of(ledger, "collaborator2"), ElementsAre(2U, 1U));
    EXPECT_THAT(updates_of(ledger, "collaborator4"), ElementsAre(1U, 1U));
}

TEST(Ledger, ARoundWithoutAnUpdateAndOneThatComesLate) {
    Wire wire;
    for (unsigned i = 1; i <= 4; ++i) wire.take_model(i);
    for (unsigned i = 1; i <= 3; ++i) wire.send_update(i);
    for (unsigned i = 1; i <= 3; ++i) wire.take_model(i);
    wire.send_update(4);  // of the first round, while the second is under way
    wire.take_model(4);
    for (unsigned i = 1; i <= 3; ++i) wire.send_update(i);
    const Ledger ledger = ledger_of(wire, twins_of(2, 4));
    EXPECT_THAT(updates_of(ledger, "collaborator4"), ElementsAre(1U, 0U));
    EXPECT_THAT(updates_of(ledger, "collaborator1"), ElementsAre(1U, 1U));
}

// A little less than in the twin: of a node that a fault has met, this may be an update without its end.
TEST(Ledger, WhatNoFaultHasTouchedTellsHowLargeUpdatesAre) {
    Wire wire;
    for (unsigned i = 1; i <= 3; ++i) wire.take_model(i);
    wire.break_update_off(1, update_size - 60);
    wire.break_update_off(2, update_size - 60);
    wire.break_update_off(3, update_size - 200);
    Facts facts;
    facts.safety.deliveries = wire.delivered;
    facts.outcomes.emplace_back().losses = {{"collaborator2", {}}, {"collaborator3", {}}};
    const Ledger ledger = make_ledger(facts, twins_of(2, 3));
    EXPECT_THAT(updates_of(ledger, "collaborator1"), ElementsAre(1U));
    EXPECT_THAT(updates_of(ledger, "collaborator2"), ElementsAre(1U));
    EXPECT_THAT(updates_of(ledger, "collaborator3"), ElementsAre(std::nullopt));
    facts.outcomes.front().losses["aggregator"] = {};
    EXPECT_THAT(updates_of(make_ledger(facts, twins_of(2, 3)), "collaborator1"), ElementsAre(std::nullopt));
}

TEST(Ledger, AnUpdateWhoseConnectionWasClosedInOrderLacksNothing) {
    Wire wire;
    for (unsigned i = 1; i <= 3; ++i) wire.take_model(i);
    wire.send_update(1, update_size - 500);
    wire.send_update(2, update_size / 2);  // its sender has given up, and closed it
    wire.break_update_off(3, update_size - 500);
    wire.send_update(3, update_size - 500);
    const Ledger ledger = ledger_of(wire, twins_of(2, 3));
    EXPECT_THAT(updates_of(ledger, "collaborator1"), ElementsAre(1U));
    EXPECT_THAT(updates_of(ledger, "collaborator2"), ElementsAre(0U));
    EXPECT_THAT(updates_of(ledger, "collaborator3"), ElementsAre(std::nullopt));
}

TEST(Ledger, WhatCannotBeToldIsUnknown) {
    Wire wire;
    for (unsigned i = 1; i <= 4; ++i) wire.take_model(i);
    wire.send_update(1);
    wire.break_update_off(2, update_size - 500);  // perhaps whole
    wire.send_update(3, 2 * update_size);         // perhaps two in one connection
    const Ledger ledger = ledger_of(wire, twins_of(2, 4));
    EXPECT_THAT(updates_of(ledger, "collaborator1"), ElementsAre(1U));
    EXPECT_THAT(updates_of(ledger, "collaborator2"), ElementsAre(std::nullopt));
    EXPECT_THAT(updates_of(ledger, "collaborator3"), ElementsAre(std::nullopt));
    EXPECT_THAT(ledger_of(wire, {}), IsEmpty());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
