// SPDX-License-Identifier: Apache-2.0
//
// From packets to the ledger of deliveries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "safety/deliveries.h"
#include "safety/ledger.h"
#include "safety/tensors.h"
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

Ledger ledger_of(const Wire& wire, const TwinFacts& twins) {
    SafetyFacts facts;
    facts.deliveries = wire.delivered;
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
    ASSERT_EQ(wire.delivered.size(), 1U);
    EXPECT_EQ(wire.delivered[0].node, "collaborator1");
    EXPECT_EQ(wire.delivered[0].what.up, 45'000U);
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
    ASSERT_EQ(wire.delivered.size(), 3U);
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

TEST(Ledger, WhatCannotBeToldIsUnknown) {
    Wire wire;
    for (unsigned i = 1; i <= 4; ++i) wire.take_model(i);
    wire.send_update(1);
    wire.send_update(2, update_size - 500);  // perhaps whole
    wire.send_update(3, 2 * update_size);    // perhaps two in one connection
    const Ledger ledger = ledger_of(wire, twins_of(2, 4));
    EXPECT_THAT(updates_of(ledger, "collaborator1"), ElementsAre(1U));
    EXPECT_THAT(updates_of(ledger, "collaborator2"), ElementsAre(std::nullopt));
    EXPECT_THAT(updates_of(ledger, "collaborator3"), ElementsAre(std::nullopt));
    EXPECT_THAT(ledger_of(wire, {}), IsEmpty());
}

// --- tensors ---

std::string little(std::uint64_t number, unsigned bytes) {
    std::string text;
    for (unsigned i = 0; i < bytes; ++i) text += static_cast<char>(number >> (8 * i));
    return text;
}
const std::string one_and_a_half("\0\0\xc0\x3f", 4);  // float32

TEST(Tensors, OfSafetensors) {
    const std::string header = R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    const auto read = read_tensors(little(header.size(), 8) + header + one_and_a_half);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_THAT(read->at("w"), ElementsAre(1.5));
    const std::string beyond = R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,99]}})";
    EXPECT_FALSE(read_tensors(little(beyond.size(), 8) + beyond + one_and_a_half));
}

TEST(Tensors, OfANpzThatIsNotCompressed) {
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
    header.resize(118, ' ');
    const std::string npy = std::string("\x93NUMPY\x01\x00", 8) + little(118, 2) + header + one_and_a_half;
    const std::string entry = std::string("PK\x03\x04", 4) + little(20, 2) + little(0, 2) + little(0, 2) +
                              little(0, 8) + little(npy.size(), 4) + little(npy.size(), 4) + little(5, 2) +
                              little(0, 2) + "w.npy" + npy;
    const auto read = read_tensors(entry + std::string("PK\x01\x02", 4));
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_THAT(read->at("w"), ElementsAre(1.5));
    for (std::size_t cut = 5; cut < entry.size(); cut += 3)
        EXPECT_FALSE(read_tensors(entry.substr(0, cut))) << cut;
}

TEST(Tensors, OfAModelOfOpenFl) {
    const std::string tensor = "\x0a\x01w\x10\x02\x3a\x04" + one_and_a_half;
    const auto read = read_tensors("\x0a" + little(tensor.size(), 1) + tensor);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_THAT(read->at("w"), ElementsAre(1.5));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
