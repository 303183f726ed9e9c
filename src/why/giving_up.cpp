// SPDX-License-Identifier: Apache-2.0
#include "why/giving_up.h"

#include <algorithm>

#include "kernel/zero_window.h"

namespace netcut {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// include/net/tcp.h
constexpr Nanoseconds least_rto = milliseconds(200), largest_rto = std::chrono::seconds(120);
constexpr unsigned most_tries = 255;

Nanoseconds doubled(Nanoseconds wait) {
    return std::min(2 * wait, largest_rto);
}

// tcp_model_timeout() of net/ipv4/tcp_timer.c: what so many retries would take if the first RTO were the least.
Nanoseconds time_of_retries(unsigned retries) {
    Nanoseconds sum{0}, wait = least_rto;
    for (unsigned i = 0; i <= std::min(retries, most_tries); ++i, wait = doubled(wait)) sum += wait;
    return sum;
}

Nanoseconds rto_of(const TcpTimers& timers) {
    return std::clamp<Nanoseconds>(microseconds(timers.rto_us), least_rto, largest_rto);
}

// From the first retransmission until the timer expires next; the RTO was doubled at each. How long the first was
// cannot be told once they are as long as may be, and is what the round trip makes it.
Nanoseconds since_first(const TcpTimers& timers) {
    const unsigned done = std::min(timers.attempts, most_tries);
    const bool is_at_most = rto_of(timers) >= largest_rto;
    Nanoseconds wait =
        is_at_most ? least_rto + microseconds(std::min(timers.rtt_us, 10'000'000U)) : rto_of(timers);
    if (!is_at_most)
        for (unsigned i = 0; i < done; ++i) wait /= 2;
    Nanoseconds sum{0};
    for (unsigned i = 0; i < done; ++i) sum += wait = doubled(wait);
    return sum;
}

// The kernel compares when the timer expires, with the time since the first retransmission.
Nanoseconds when_over(const TcpTimers& timers, Nanoseconds limit) {
    Nanoseconds in = milliseconds(timers.expires_ms), wait = rto_of(timers);
    Nanoseconds gone = since_first(timers);
    for (unsigned i = timers.attempts; gone < limit && i < most_tries; ++i) {
        wait = doubled(wait);
        gone += wait;
        in += wait;
    }
    return in;
}

// With a time limit of the program's the timer expires in time (tcp_clamp_rto_to_user_timeout()).
Nanoseconds when_over_for_program(const TcpTimers& timers, Nanoseconds limit) {
    const Nanoseconds next = milliseconds(timers.expires_ms);
    return std::max(next, limit - since_first(timers) + next);
}

// The first ones of a SYN_SENT are a second apart.
Nanoseconds after_tries(const TcpTimers& timers, unsigned linear, unsigned tries) {
    Nanoseconds in = milliseconds(timers.expires_ms), wait = rto_of(timers);
    for (unsigned i = timers.attempts; i < std::min(linear + tries, most_tries); ++i) {
        if (i >= linear) wait = doubled(wait);
        in += wait;
    }
    return in;
}

// tcp_probe_timer(): the RTO stays as it is, and the wait is doubled. With a time limit of the program's it cannot be said,
// since when the first was sent is not known.
std::optional<Nanoseconds> after_probes(const ConnectionFacts& connection, const TcpTries& tries) {
    if (connection.options && connection.options->user_timeout_ms > 0) return {};
    const TcpTimers& timers = connection.timers;
    Nanoseconds in = milliseconds(timers.expires_ms), wait = rto_of(timers);
    for (unsigned i = 0; i < std::min(timers.backoff, most_tries); ++i) wait = doubled(wait);
    const unsigned most = connection.holders.empty() ? tries.orphan_tries : tries.retries;
    for (unsigned i = timers.attempts; i < std::min(most, most_tries); ++i) in += wait = doubled(wait);
    return in;
}

Nanoseconds keepalive_over(const TcpTimers& timers, const std::optional<SocketOptions>& options) {
    const Nanoseconds next = milliseconds(timers.expires_ms);
    if (!options) return next;
    constexpr std::int64_t most_probes = 127, most_interval = 32767;  // include/net/tcp.h
    const auto probes =
        std::clamp<std::int64_t>(options->keepalive_count - std::int64_t{timers.attempts}, 0, most_probes);
    return next + probes * std::chrono::seconds(
                               std::clamp<std::int64_t>(options->keepalive_interval_s, 0, most_interval));
}

}  // namespace

std::optional<Nanoseconds> gives_up_in(const ConnectionFacts& connection, const TcpTries& tries) {
    const TcpTimers& timers = connection.timers;
    if (timers.timer == TcpTimer::keepalive) return keepalive_over(timers, connection.options);
    if (could_not_leave(connection.socket, timers)) return after_probes(connection, tries);
    if (timers.timer != TcpTimer::retransmission) return {};
    if (connection.socket.state == "SYN_SENT")
        return after_tries(timers, tries.syn_linear, tries.syn_retries);
    if (connection.socket.state == "SYN_RECV") return after_tries(timers, 0, tries.syn_answers);
    constexpr std::int64_t most_limit = 0x7fffffff;  // an int of milliseconds
    if (connection.options && connection.options->user_timeout_ms > 0)
        return when_over_for_program(timers,
                                     milliseconds(std::min(connection.options->user_timeout_ms, most_limit)));
    return when_over(timers,
                     time_of_retries(connection.holders.empty() ? tries.orphan_tries : tries.retries));
}

}  // namespace netcut
