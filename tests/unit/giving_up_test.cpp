// SPDX-License-Identifier: Apache-2.0
//
// When TCP gives up, against what the kernel was seen to do.
#include "why/giving_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

ConnectionFacts resending(unsigned attempts, Nanoseconds rto, Nanoseconds expires) {
    ConnectionFacts connection;
    connection.socket.state = "ESTABLISHED";
    connection.timers = {.timer = TcpTimer::retransmission,
                         .expires_ms = static_cast<std::uint32_t>(expires / 1ms),
                         .attempts = attempts,
                         .backoff = attempts,
                         .rto_us = static_cast<std::uint32_t>(rto / 1us),
                         .rtt_us = 4000};
    connection.holders = {{1, "p", 3}};
    return connection;
}

TEST(GivingUp, IsAfterTheRetriesOfTheSystem) {
    // tcp_retries2 of ip-sysctl.rst: 15 is 924.6 s at the least, and the kernel looks when the timer expires.
    constexpr Nanoseconds rto = 204ms;
    const auto from_the_start = gives_up_in(resending(0, rto, rto));
    ASSERT_TRUE(from_the_start);
    EXPECT_NEAR(seconds(*from_the_start), 929, 1) << "as was measured of a connection that nobody answered";
    // The same connection later: a part of that is over.
    for (unsigned attempts = 1; attempts < 15; ++attempts) {
        Nanoseconds gone = rto, wait = rto;  // until the last retransmission
        for (unsigned i = 1; i < attempts; ++i) gone += wait = std::min<Nanoseconds>(2 * wait, 120s);
        wait = std::min<Nanoseconds>(2 * wait, 120s);
        const auto later = gives_up_in(resending(attempts, wait, wait));
        ASSERT_TRUE(later);
        EXPECT_NEAR(seconds(*later + gone), seconds(*from_the_start), 0.5) << attempts;
    }
}

TEST(GivingUp, IsWhenTheProgramSaid) {
    ConnectionFacts connection = resending(3, 1600ms, 500ms);
    connection.options.emplace().user_timeout_ms = 20'000;
    // 0.4, 0.8 and 1.6 s since the first retransmission, of which half a second is to come.
    EXPECT_EQ(gives_up_in(connection), 20s - 2800ms + 500ms);
    connection = resending(0, 200ms, 150ms);
    connection.options.emplace().user_timeout_ms = 20'000;
    EXPECT_EQ(gives_up_in(connection), 20s + 150ms);
    connection = resending(9, 102s, 90s);  // it was set later, and is over long since
    connection.options.emplace().user_timeout_ms = 5'000;
    EXPECT_EQ(gives_up_in(connection), 90s);
}

TEST(GivingUp, OfAConnectionThatIsBeingOpened) {
    ConnectionFacts connection = resending(0, 1s, 1s);
    connection.socket.state = "SYN_SENT";
    const TcpTries old{.syn_linear = 0};
    EXPECT_EQ(gives_up_in(connection, old), 127s) << "tcp_syn_retries of ip-sysctl.rst";
    EXPECT_EQ(gives_up_in(connection, {.syn_linear = 4}), 131s) << "tcp_syn_linear_timeouts, likewise";
    connection.timers.attempts = 6;
    connection.timers.expires_ms = 64'000;
    EXPECT_EQ(gives_up_in(connection, old), 64s);
}

TEST(GivingUp, OfKeepaliveIsAfterItsProbes) {
    ConnectionFacts connection = resending(0, 200ms, 7180s);
    connection.timers.timer = TcpTimer::keepalive;
    EXPECT_EQ(gives_up_in(connection), 7180s) << "what the program has set could not be read";
    connection.options = SocketOptions{.keepalive = true, .keepalive_interval_s = 75, .keepalive_count = 9};
    EXPECT_EQ(gives_up_in(connection), 7180s + 9 * 75s);
    connection.timers.attempts = 8;
    connection.timers.expires_ms = 75'000;
    EXPECT_EQ(gives_up_in(connection), 150s);
    connection.timers.timer = TcpTimer::none;
    EXPECT_FALSE(gives_up_in(connection));
}

TEST(GivingUp, NumbersOfAnybodyAreBounded) {
    ConnectionFacts connection = resending(~0U, 120s, 4000000s);
    connection.timers.rto_us = connection.timers.rtt_us = connection.timers.expires_ms = ~0U;
    EXPECT_TRUE(gives_up_in(connection));
    connection.options = SocketOptions{
        .keepalive_interval_s = INT64_MAX, .keepalive_count = INT64_MAX, .user_timeout_ms = INT64_MAX};
    EXPECT_TRUE(gives_up_in(connection));
    connection.timers.timer = TcpTimer::keepalive;
    EXPECT_TRUE(gives_up_in(connection));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
