// SPDX-License-Identifier: Apache-2.0
//
// What the threads and sockets of a node are found to do when nothing goes on: facts, as the record has them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/words.h"
#include "kernel/address.h"
#include "kernel/sockdiag.h"
#include "kernel/socket_facts.h"

namespace netcut {

enum class ThreadDoing { waits, runs, stopped, uninterruptible, unknown };
inline constexpr std::array<EnumWord<ThreadDoing>, 5> thread_doing_words = {{
    {ThreadDoing::waits, "waits"},
    {ThreadDoing::runs, "runs"},
    {ThreadDoing::stopped, "stopped"},
    {ThreadDoing::uninterruptible, "uninterruptible"},
    {ThreadDoing::unknown, "unknown"},
}};
constexpr const auto& words_of(ThreadDoing) {
    return thread_doing_words;
}

// Whether a wait ends by itself.
enum class WaitEnd { never, in_time, unknown };
inline constexpr std::array<EnumWord<WaitEnd>, 3> wait_end_words = {{
    {WaitEnd::never, "never"},
    {WaitEnd::in_time, "in-time"},
    {WaitEnd::unknown, "unknown"},
}};
constexpr const auto& words_of(WaitEnd) {
    return wait_end_words;
}

enum class WaitObject {
    connection,
    listening,
    datagrams,     // a socket of UDP
    local_socket,  // both ends of which are the node's
    pipe,
    event,   // an eventfd
    timer,   // a timerfd
    memory,  // a futex
    child,
    signal,
    time,
    outside  // what somebody outside of the node may do something with, or what is not known
};
inline constexpr std::array<EnumWord<WaitObject>, 12> wait_object_words = {{
    {WaitObject::connection, "connection"},
    {WaitObject::listening, "listening"},
    {WaitObject::datagrams, "datagrams"},
    {WaitObject::local_socket, "local-socket"},
    {WaitObject::pipe, "pipe"},
    {WaitObject::event, "event"},
    {WaitObject::timer, "timer"},
    {WaitObject::memory, "memory"},
    {WaitObject::child, "child"},
    {WaitObject::signal, "signal"},
    {WaitObject::time, "time"},
    {WaitObject::outside, "outside"},
}};
constexpr const auto& words_of(WaitObject) {
    return wait_object_words;
}

struct WaitTarget {
    WaitObject object = WaitObject::outside;
    int descriptor = -1;
    std::string what{};  // both ends of a connection, or what else /proc calls it
    bool operator==(const WaitTarget&) const = default;
};

// Threads of one process that do the same.
struct ThreadFacts {
    std::int64_t process = 0;
    std::string program{};
    std::uint64_t count = 1;
    ThreadDoing doing = ThreadDoing::unknown;
    std::string call{};  // "epoll_wait"
    WaitEnd end = WaitEnd::unknown;
    std::optional<Nanoseconds> ends_in{};  // at most; of the first of them
    std::vector<WaitTarget> on{};          // of those alike the first
    std::uint64_t on_more = 0;             // left out, each of a kind that is there
};

// As its program has set them.
struct SocketOptions {
    bool keepalive = false;
    std::int64_t keepalive_idle_s = 0, keepalive_interval_s = 0, keepalive_count = 0;
    std::int64_t user_timeout_ms = 0;  // 0: the system's
    std::int64_t receive_timeout_ms = 0, send_timeout_ms = 0;
    std::int64_t receive_buffer = 0, send_buffer = 0;  // bytes
    std::string congestion{};
};

struct SocketHolder {
    std::int64_t process = 0;
    std::string program{};
    int descriptor = -1;
};

struct ConnectionFacts {
    TcpSocket socket;
    TcpTimers timers;
    bool awaited = false;  // some thread waits for it
    std::vector<SocketHolder> holders{};
    std::uint64_t more_holders = 0;
    std::optional<SocketOptions> options{};
};

struct ListeningFacts {
    IpAddress address{};
    std::uint16_t port = 0;
    std::uint32_t waiting = 0, room = 0;
    bool awaited = false;
};

struct DatagramFacts {
    IpAddress local{}, remote{};
    std::uint16_t local_port = 0, remote_port = 0;
    std::uint32_t receive_queue = 0, send_queue = 0;
    bool awaited = false;
};

// What a node takes for the link address of another, to which it sends.
struct NeighbourFacts {
    std::string address{};
    std::string mac{};      // empty: none
    bool resolved = false;  // else it is sought, or was in vain
};

// How often TCP tries, as a network namespace begins (ip-sysctl.rst).
struct TcpTries {
    unsigned retries = 15;      // tcp_retries2
    unsigned syn_retries = 6;   // tcp_syn_retries
    unsigned syn_linear = 4;    // tcp_syn_linear_timeouts, which a kernel before 6.5 lacks
    unsigned syn_answers = 5;   // tcp_synack_retries
    unsigned orphan_tries = 8;  // tcp_orphan_retries 0
    bool operator==(const TcpTries&) const = default;
};

// Of one node.
struct NodeWaits {
    std::uint64_t processes = 0, threads = 0;
    std::vector<ThreadFacts> waits{};
    std::vector<ConnectionFacts> connections{};
    std::vector<ListeningFacts> listening{};
    std::vector<DatagramFacts> datagrams{};
    std::vector<NeighbourFacts> neighbours{};  // on a bridge, those whose connections are not answered
    bool own_timers = false;                   // some process has timers of its own (timer_create(2))
    bool catches_alarm = false;                // some process may have set an alarm, which cannot be seen
    std::vector<std::string> unread{};         // what could not be read, and why
    std::uint64_t left_out = 0;                // of these lists
    // Since then, at the latest, no thread of it has run, and its sockets are as they are.
    std::optional<Nanoseconds> unchanged_since{};
    std::optional<TcpTries> tries{};  // where they are not as a namespace begins
};

inline constexpr std::size_t most_waits = 256, most_wait_targets = 16, most_connections = 1024,
                             most_holders = 4, most_unread = 8, most_neighbours = 64;

}  // namespace netcut
