// SPDX-License-Identifier: Apache-2.0
//
// A site's proxy: what a node may ask of it, and what it says of its connections, both as anybody may write them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "proxy/connect_head.h"
#include "proxy/relay.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::unique_ptr<ConnectHead> head_of(const std::string& bytes, std::size_t piece = 4096) {
    auto head = std::make_unique<ConnectHead>();
    for (std::size_t at = 0; at < bytes.size() && !head->is_over(); at += piece)
        head->take(bytes.substr(at, piece));
    return head;
}

std::optional<ProxyStatus> refusal_of(const std::string& bytes) {
    return head_of(bytes)->refusal();
}

TEST(ConnectHead, SaysWhereToAndWhereItEnds) {
    const std::string head =
        "CONNECT aggregator:50051 HTTP/1.1\r\nHost: aggregator:50051\r\nUser-Agent: grpc\r\n\r\n";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
        const auto whole = head_of(head + "\x16\x03\x01", piece);
        const ConnectHead& read = *whole;
        ASSERT_TRUE(read.is_over()) << piece;
        EXPECT_FALSE(read.refusal());
        EXPECT_EQ(read.target().host, "aggregator");
        EXPECT_EQ(read.target().port, 50051);
        EXPECT_EQ(read.size(), head.size());
        EXPECT_EQ(read.rest(), std::string("\x16\x03\x01").substr(0, read.rest().size()));
    }
    EXPECT_FALSE(refusal_of("CONNECT [fd99::2]:1 HTTP/1.0\r\n\r\n")) << "as old clients say it";
    EXPECT_FALSE(head_of("CONNECT aggregator:50051 HTTP/1.1\r\nHost:")->is_over());
}

TEST(ConnectHead, AnythingElseIsRefused) {
    EXPECT_EQ(refusal_of("GET http://aggregator/ HTTP/1.1\r\nHost: aggregator\r\n\r\n"),
              ProxyStatus::method_not_allowed);
    EXPECT_EQ(refusal_of("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on\r\n\r\n"),
              ProxyStatus::bad_request);
    EXPECT_EQ(refusal_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ProxyStatus::bad_request);
    for (const char* target : {"aggregator", "aggregator:", ":80", "aggregator:0", "aggregator:65536",
                               "aggregator:8x", "fd99::2:80", "/a:80", "a/b:80", "[]:80", "http://a:80"})
        EXPECT_EQ(refusal_of("CONNECT " + std::string(target) + " HTTP/1.1\r\n\r\n"),
                  ProxyStatus::bad_request)
            << target;
}

TEST(ConnectHead, IsNoLongerThanItMayBe) {
    const std::string name = "CONNECT a:1 HTTP/1.1\r\nX: ";
    EXPECT_EQ(refusal_of(name + std::string(100'000, 'x')), ProxyStatus::head_too_large);
    EXPECT_EQ(refusal_of("CONNECT " + std::string(100'000, 'x')), ProxyStatus::head_too_large);
    std::string many = "CONNECT a:1 HTTP/1.1\r\n";
    for (int i = 0; i < 2000; ++i) many += "X: y\r\n";
    EXPECT_EQ(refusal_of(many), ProxyStatus::head_too_large);
    EXPECT_THAT(reply_text(ProxyStatus::method_not_allowed, "no"), HasSubstr("Allow: CONNECT\r\n"));
    EXPECT_THAT(reply_text(ProxyStatus::gateway_timeout, "no"), StartsWith("HTTP/1.1 504 "));
}

RelayEnd end(const std::string& address, std::uint16_t port) {
    return {boost::asio::ip::make_address(address), port};
}

Relay relay(std::uint64_t id, std::uint16_t node_port, std::uint16_t outer_port) {
    return {.id = id,
            .node = end("10.99.0.3", node_port),
            .inner = end("10.99.240.0", proxy_port),
            .outer = end("10.99.240.0", outer_port),
            .target = end("10.99.0.2", 50051),
            .head = 80,
            .reply = 39};
}

Relay ended(std::uint64_t id, std::uint64_t bytes) {
    Relay one{.id = id};
    one.up = one.down = {bytes, bytes};
    return one;
}

RelayBook book() {
    return RelayBook(
        {boost::asio::ip::make_address("10.99.240.0"), boost::asio::ip::make_address("fd63::f000")});
}

TEST(RelayBook, KnowsTheFourEndsOfEach) {
    RelayBook known = book();
    EXPECT_FALSE(known.listens());
    const std::string said =
        "listening\n" + opened_line(relay(1, 40000, 50000)) + ended_line(ended(1, 12345));
    for (const char c : said) known.take({&c, 1});  // in pieces
    EXPECT_TRUE(known.listens());
    const Relay* found = known.of_node(end("10.99.0.3", 40000));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->target, end("10.99.0.2", 50051));
    EXPECT_EQ(found->head, 80U);
    EXPECT_TRUE(found->has_ended);
    EXPECT_EQ(found->up.arrived, 12345U);
    EXPECT_EQ(known.of_outer(end("10.99.240.0", 50000)), found);
    EXPECT_EQ(known.of_outer(end("10.99.240.0", 50001)), nullptr);
    EXPECT_EQ(known.opened(), 1U);
    EXPECT_EQ(known.unread(), 0U);
}

TEST(RelayBook, AnotherOneOfTheSameEndTakesItsPlace) {
    RelayBook known = book();
    known.take(opened_line(relay(1, 40000, 50000)) + opened_line(relay(2, 40000, 50001)) +
               ended_line(ended(1, 5)));
    EXPECT_EQ(known.of_outer(end("10.99.240.0", 50000)), nullptr);
    const Relay* found = known.of_node(end("10.99.0.3", 40000));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->id, 2U);
    EXPECT_FALSE(found->has_ended) << "that was the one before";
}

TEST(RelayBook, OneThatIsAcceptedIsNotTheOneBefore) {
    RelayBook known = book();
    known.take(opened_line(relay(1, 40000, 50000)) + ended_line(ended(1, 5)) +
               accepted_line(end("10.99.0.3", 40000)));
    EXPECT_EQ(known.of_node(end("10.99.0.3", 40000)), nullptr);
    EXPECT_EQ(known.of_outer(end("10.99.240.0", 50000)), nullptr);
    known.take(opened_line(relay(2, 40000, 50001)));
    EXPECT_EQ(known.of_node(end("10.99.0.3", 40000))->up.arrived, 0U);
    EXPECT_EQ(known.unread(), 0U);
}

TEST(RelayBook, WhatIsNoWordOfItIsNotBelieved) {
    RelayBook known = book();
    Relay foreign = relay(1, 40000, 50000);
    foreign.outer.address = boost::asio::ip::make_address("10.99.0.4");
    Relay other_port = relay(1, 40000, 50000);
    other_port.inner.port = 22;
    const std::string wrong[] = {
        opened_line(foreign),
        opened_line(other_port),
        "opened 1\n",
        "opened 1 10.99.0.3 40000 10.99.240.0 3128 10.99.240.0 50000 10.99.0.2 50051 80\n",
        "opened 1 10.99.0.3 99999 10.99.240.0 3128 10.99.240.0 50000 10.99.0.2 50051 80 39\n",
        "opened x 10.99.0.3 40000 10.99.240.0 3128 10.99.240.0 50000 10.99.0.2 50051 80 39\n",
        "ended 1\n",
        "ended 1 5 6 0 0\n",
        "accepted 10.99.0.3\n",
        "accepted 10.99.0.3 40000 1\n",
        "\n",
        std::string(100'000, 'x') + "\n",
        "opened " + std::string(100'000, '1') + "\n"};
    for (const std::string& line : wrong) known.take(line);
    EXPECT_EQ(known.unread(), std::size(wrong));
    EXPECT_EQ(known.opened(), 0U);
    EXPECT_EQ(known.of_node(end("10.99.0.3", 40000)), nullptr);
    known.take(opened_line(relay(3, 40000, 50000)));
    EXPECT_NE(known.of_node(end("10.99.0.3", 40000)), nullptr) << "what follows is read";
}

TEST(RelayBook, RemembersNoMoreThanItHasRoomFor) {
    RelayBook known = book();
    constexpr std::uint32_t many = 70'000;
    for (std::uint32_t i = 0; i < many; ++i) {
        Relay one = relay(i, static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(i));
        one.node.address = boost::asio::ip::make_address_v4(0x0a630003 + i / 60'000);
        known.take(opened_line(one));
    }
    EXPECT_GT(known.unread(), 0U) << "and it is known that something is not";
    for (std::uint64_t id = 0; id < 5000; ++id) known.take(ended_line(ended(id, 1)));
    Relay last = relay(many, 65'535, 65'535);
    known.take(opened_line(last));
    EXPECT_NE(known.of_node(last.node), nullptr) << "those that have ended give it room";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
