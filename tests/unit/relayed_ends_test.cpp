// SPDX-License-Identifier: Apache-2.0
//
// Two connections that a proxy has put together, as one.
#include "sockets/relayed_ends.h"

#include <gtest/gtest.h>

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr std::uint32_t head = 80, reply = 39;

Relay relay() {
    return {.id = 1, .head = head, .reply = reply};
}

// Of who opened it: its SYN counts.
TcpSocket node_end(std::uint64_t sent, std::uint64_t received) {
    TcpSocket socket;
    socket.state = "ESTABLISHED";
    socket.bytes_acked = 1 + head + sent;
    socket.bytes_received = reply + received;
    socket.data_segments_sent = 9;
    return socket;
}

TcpSocket target_end(std::uint64_t sent, std::uint64_t received) {
    TcpSocket socket;
    socket.state = "ESTABLISHED";
    socket.bytes_acked = sent;
    socket.bytes_received = received;
    socket.data_segments_sent = 9;
    return socket;
}

TEST(RelayedEnds, WhatTheProxyHasHasNotArrived) {
    const TcpSocket node = node_end(1000, 0), target = target_end(0, 400);
    const TcpSocket seen = node_end_to_end({&node, &target}, relay());
    EXPECT_EQ(sent_by(seen), 401U) << "with the SYN, as of any other";
    EXPECT_EQ(seen.send_queue, 600U);
    EXPECT_EQ(received_by(seen), 0U) << "the proxy's own answer is no data";
    EXPECT_EQ(received_by(target_end_to_end({&node, &target}, relay())), 400U);
}

TEST(RelayedEnds, NorHasWhatItHasOfTheOtherWay) {
    const TcpSocket node = node_end(10, 300), target = target_end(1000, 10);
    const TcpSocket seen = target_end_to_end({&node, &target}, relay());
    EXPECT_EQ(sent_by(seen), 300U);
    EXPECT_EQ(seen.send_queue, 700U);
    EXPECT_EQ(received_by(node_end_to_end({&node, &target}, relay())), 300U);
}

TEST(RelayedEnds, ItsHeadAloneIsNothing) {
    TcpSocket node = node_end(0, 0);
    const TcpSocket target = target_end(0, 0);
    const TcpSocket seen = node_end_to_end({&node, &target}, relay());
    EXPECT_EQ(sent_by(seen), 0U);
    EXPECT_EQ(received_by(seen), 0U);
    EXPECT_EQ(seen.send_queue, 0U);
    node.bytes_received = 10;  // of the answer
    EXPECT_EQ(sent_by(going_nowhere(node)), 0U);
    EXPECT_EQ(received_by(going_nowhere(node)), 0U);
}

TEST(RelayedEnds, WhatIsKnownStaysKnownWhenAnEndIsGone) {
    Relay known = relay();
    known.up = {1000, 1000};
    const TcpSocket node = node_end(1000, 0);
    EXPECT_EQ(sent_by(node_end_to_end({&node, nullptr}, known)), 1001U);
    EXPECT_EQ(node_end_to_end({&node, nullptr}, known).send_queue, 0U);
    known.up.arrived = 400;
    EXPECT_EQ(node_end_to_end({&node, nullptr}, known).send_queue, 600U) << "the rest nobody has seen arrive";
}

TEST(RelayedEnds, OneThatWasGivenUpBeforeTheProxyHadAllIsNobodys) {
    TcpSocket node = node_end(1000, 0);
    const TcpSocket target = target_end(0, 1000);
    node.state = "FIN_WAIT1";
    node.held = false;
    node.send_queue = 240;
    EXPECT_FALSE(node_end_to_end({&node, &target}, relay()).held);
    node.send_queue = 1;  // its FIN
    EXPECT_TRUE(node_end_to_end({&node, &target}, relay()).held);
}

TEST(RelayedEnds, OneThatItsProgramHasClosedIsOverWhenTheProxySaysSo) {
    TcpSocket node = node_end(1000, 0);
    node.state = "TIME_WAIT";
    node.held = false;
    node.bytes_acked = node.bytes_received = 0;
    Relay known = relay();
    known.up = {1000, 1000};
    const TcpSocket open = node_end_to_end({&node, nullptr}, known);
    EXPECT_TRUE(open.held);
    EXPECT_EQ(open.state, "ESTABLISHED");
    known.has_ended = true;
    const TcpSocket over = node_end_to_end({&node, nullptr}, known);
    EXPECT_FALSE(over.held);
    EXPECT_EQ(over.state, "TIME_WAIT");
    EXPECT_EQ(over.send_queue, 0U);
    known.up.arrived = 400;
    const TcpSocket short_of = node_end_to_end({&node, nullptr}, known);
    EXPECT_NE(short_of.state, "TIME_WAIT") << "not in order";
    EXPECT_EQ(short_of.send_queue, 600U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
