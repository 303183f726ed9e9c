// SPDX-License-Identifier: Apache-2.0
#include "sockets/half_open.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/sockdiag.h"
#include "record/facts.h"

namespace netcut::test::NETCUT_FILE {
namespace {

TcpSocket tcp(const char* local, int local_port, const char* remote, int remote_port, const char* state) {
    TcpSocket socket;
    socket.local = boost::asio::ip::make_address(local);
    socket.remote = boost::asio::ip::make_address(remote);
    socket.local_port = static_cast<std::uint16_t>(local_port);
    socket.remote_port = static_cast<std::uint16_t>(remote_port);
    socket.state = state;
    return socket;
}

std::vector<NodeSockets> two_nodes(std::vector<TcpSocket> a, std::vector<TcpSocket> b) {
    return {{"a", {boost::asio::ip::make_address("10.0.0.1")}, std::move(a)},
            {"b", {boost::asio::ip::make_address("10.0.0.2")}, std::move(b)}};
}

TEST(HalfOpen, ConnectionThatBothEndsKnowIsNone) {
    EXPECT_TRUE(find_half_open(two_nodes({tcp("10.0.0.1", 50, "10.0.0.2", 999, "ESTABLISHED")},
                                         {tcp("10.0.0.2", 999, "10.0.0.1", 50, "FIN_WAIT1")}))
                    .empty());
}

TEST(HalfOpen, ConnectionThatOneEndAloneKnowsIsOne) {
    const auto found = find_half_open(two_nodes({}, {tcp("10.0.0.2", 999, "10.0.0.1", 50, "ESTABLISHED")}));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].node, "b");
    EXPECT_EQ(found[0].peer, "a");
}

TEST(HalfOpen, PeerUnderAnAddressThatNobodyHasAnyMoreIsOne) {
    const auto found = find_half_open(two_nodes({tcp("10.0.0.1", 50, "10.0.0.9", 999, "ESTABLISHED")}, {}));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].peer, "nobody");
}

TEST(HalfOpen, OneFromAnAddressThatItsNodeNoLongerHasIsOneThoughBothEndsKnowIt) {
    const auto found = find_half_open(two_nodes({tcp("10.0.0.9", 50, "10.0.0.2", 999, "ESTABLISHED")},
                                                {tcp("10.0.0.2", 999, "10.0.0.9", 50, "ESTABLISHED")}));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].node, "a");
    EXPECT_EQ(found[0].peer, "b");
    EXPECT_TRUE(found[0].address_gone);
    EXPECT_FALSE(found[1].address_gone);
    EXPECT_EQ(found[1].node, "b");
    EXPECT_EQ(found[1].peer, "nobody");
}

TEST(HalfOpen, WhatIsClosingOrConnectingOrLocalIsNone) {
    EXPECT_TRUE(find_half_open(two_nodes({tcp("10.0.0.1", 50, "10.0.0.2", 1, "TIME_WAIT")},
                                         {tcp("10.0.0.2", 2, "10.0.0.1", 50, "SYN_SENT"),
                                          tcp("127.0.0.1", 3, "127.0.0.1", 4, "ESTABLISHED")}))
                    .empty());
}

TEST(HalfOpen, ConnectionThatTheNextReadingFindsWholeOrGoneIsNone) {
    const TcpSocket here = tcp("10.0.0.2", 999, "10.0.0.1", 50, "ESTABLISHED");
    const TcpSocket there = tcp("10.0.0.1", 50, "10.0.0.2", 999, "ESTABLISHED");
    const TcpSocket later = tcp("10.0.0.2", 999, "10.0.0.1", 51, "ESTABLISHED");
    const auto candidates = find_half_open(two_nodes({}, {here}));
    ASSERT_EQ(candidates.size(), 1U);
    EXPECT_EQ(still_half_open(candidates, two_nodes({}, {here})).size(), 1U);
    EXPECT_TRUE(still_half_open(candidates, two_nodes({there}, {here})).empty()) << "it was just opening";
    EXPECT_TRUE(still_half_open(candidates, two_nodes({}, {})).empty()) << "it was just closing";
    EXPECT_TRUE(still_half_open(candidates, two_nodes({}, {later})).empty()) << "another one";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
