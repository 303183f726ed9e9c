// SPDX-License-Identifier: Apache-2.0
//
// Messages of sock_diag(7).
#pragma once

#include <netinet/tcp.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"
#include "kernel/address.h"
#include "kernel/netlink.h"
#include "kernel/sockdiag.h"

struct nlattr;

namespace netcut {

// All of these but LISTEN. TCP_BOUND_INACTIVE, which comes after them, is no connection, and takes the kernel
// half a millisecond to look for.
inline constexpr unsigned listening = 10;
inline constexpr unsigned wanted_states = ((1U << 13U) - 1) & ~(1U << listening);

// With what glibc's tcp_info lacks (include/uapi/linux/tcp.h).
struct TcpInfo {
    tcp_info known;
    std::uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    std::uint32_t segments_out, segments_in, unsent, least_round_trip, data_segments_in, data_segments_out;
    std::uint64_t delivery_rate, busy_time, receive_limited, send_limited;
    std::uint32_t delivered, delivered_marked;
    std::uint64_t bytes_sent, bytes_retransmitted;
    std::uint32_t duplicates, reorderings, out_of_order, peer_window;
};
static_assert(offsetof(TcpInfo, unsent) == 144 && offsetof(TcpInfo, bytes_retransmitted) == 208 &&
              offsetof(TcpInfo, peer_window) == 228);

TcpInfo tcp_info_of(const nlattr* attribute);
IpAddress address_of(int family, const std::uint32_t* words);  // in network order
TcpSocket parse_socket(const nlmsghdr* message);
// Of both address families. `states`: of TCP, a bit each.
Result<void> list_sockets(NetlinkSocket& socket, std::uint8_t protocol, std::uint8_t extensions,
                          unsigned states, const std::string& attempt,
                          const std::function<void(const nlmsghdr*)>& each);

}  // namespace netcut
