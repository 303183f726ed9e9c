// SPDX-License-Identifier: Apache-2.0
//
// All that sock_diag(7) says of the sockets of a network namespace, for when nothing goes on any more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/words.h"
#include "kernel/address.h"
#include "kernel/netlink.h"
#include "kernel/sockdiag.h"

namespace netcut {

// The timer of a connection that runs, as the kernel numbers them (idiag_timer).
enum class TcpTimer { none, retransmission, keepalive, time_wait, zero_window };
inline constexpr std::array<EnumWord<TcpTimer>, 5> tcp_timer_words = {{
    {TcpTimer::none, "none"},
    {TcpTimer::retransmission, "retransmission"},
    {TcpTimer::keepalive, "keepalive"},
    {TcpTimer::time_wait, "time-wait"},
    {TcpTimer::zero_window, "zero-window"},
}};
constexpr const auto& words_of(TcpTimer) {
    return tcp_timer_words;
}

struct TcpTimers {
    TcpTimer timer = TcpTimer::none;
    std::uint32_t expires_ms = 0;
    std::uint32_t attempts = 0;  // retransmissions or probes so far, of this timer
    std::uint32_t backoff = 0;   // how often the RTO was doubled
    std::uint32_t rto_us = 0, rtt_us = 0;
    std::uint32_t congestion_window = 0;  // segments
    std::uint32_t peer_window = 0;        // bytes, as the peer last said
};

struct TcpConnection {
    TcpSocket socket;
    TcpTimers timers;
    std::uint64_t inode = 0;  // 0: no program has it
};

// "10.99.0.3 40000 - 10.99.0.2 9000"
std::string ends_of(const TcpSocket& socket);

// But for listening ones, of the namespace of `socket`.
Result<std::vector<TcpConnection>> list_connections(NetlinkSocket& socket);

struct ListeningSocket {
    IpAddress address;
    std::uint16_t port = 0;
    std::uint32_t waiting = 0, room = 0;  // connections that are to be accepted, and how many may be
    std::uint64_t inode = 0;
};

struct DatagramSocket {
    IpAddress local, remote;
    std::uint16_t local_port = 0, remote_port = 0;
    std::uint32_t receive_queue = 0, send_queue = 0;  // bytes, as the kernel accounts for them
    std::uint64_t inode = 0;
};

struct UnixSocket {
    std::uint64_t inode = 0, peer = 0;  // 0: it has none
    bool listens = false;
    bool has_path = false;  // who is outside of the namespace may connect to it, too
    std::uint32_t queue = 0;
};

struct SocketTables {
    std::vector<TcpConnection> connections;
    std::vector<ListeningSocket> listening;
    std::vector<DatagramSocket> datagrams;
    std::vector<UnixSocket> unix_sockets;
    bool knows_unix_sockets = true;  // a kernel may lack that
};
// Of the namespace of `socket`. One kind after another, so that it is no single moment.
Result<SocketTables> read_socket_tables(NetlinkSocket& socket);

}  // namespace netcut
