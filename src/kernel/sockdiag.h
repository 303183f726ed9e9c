// SPDX-License-Identifier: Apache-2.0
//
// Socket diagnostics, see sock_diag(7).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernel/address.h"
#include "kernel/netlink.h"

namespace netcut {

struct TcpSocket {
    IpAddress local, remote;
    std::uint16_t local_port = 0, remote_port = 0;
    std::string state;                // "ESTABLISHED", "LISTEN", ...
    std::uint32_t receive_queue = 0;  // bytes that the application has not read
    std::uint32_t send_queue = 0;     // bytes that the peer has not acknowledged
    std::uint32_t unsent = 0;         // those of them that were not sent yet
    std::uint32_t unacked = 0;        // segments in flight
    std::uint32_t retransmits = 0;    // of the oldest segment, now
    std::uint32_t ms_since_sent = 0;  // since the last data was sent
    std::uint32_t ms_since_received = 0;
    // Since it was opened; what is sent again, or received again, does not count (RFC 4898). A SYN and a FIN
    // count as one byte each, but for a SYN that was received.
    std::uint64_t bytes_acked = 0, bytes_received = 0;
    std::uint32_t data_segments_sent = 0;
    std::uint32_t total_retransmits = 0;  // segments that were sent again, ever
    std::uint64_t bytes_retransmitted = 0;
    bool held = true;  // by a program; else the kernel alone still has it
};
// All TCP sockets of the socket's namespace that are not listening, of both address families.
Result<std::vector<TcpSocket>> list_tcp_sockets(NetlinkSocket& socket);
// Ports of UDP to which programs in the socket's namespace are bound, of both address families.
Result<std::set<std::uint16_t>> list_udp_ports(NetlinkSocket& socket);
// Those that wait for connections; they have no remote end.
Result<std::vector<TcpSocket>> list_listening_sockets(NetlinkSocket& socket);

}  // namespace netcut
