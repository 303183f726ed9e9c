// SPDX-License-Identifier: Apache-2.0
#include "kernel/sockdiag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "kernel/attributes.h"

namespace netcut {
namespace {

// States as the kernel numbers them (include/net/tcp_states.h), names as netstat and ss print them.
constexpr std::array<const char*, 13> state_names = {
    "",       "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",   "TIME_WAIT",
    "CLOSED", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV"};
// All of these but LISTEN. TCP_BOUND_INACTIVE, which comes after them, is no connection, and takes the kernel
// half a millisecond to look for.
constexpr unsigned listening = 10;
constexpr unsigned wanted_states = ((1U << state_names.size()) - 1) & ~(1U << listening);

IpAddress address_of(int family, const __be32* words) {
    if (family == AF_INET) return boost::asio::ip::address_v4(ntohl(words[0]));
    boost::asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), words, bytes.size());
    const boost::asio::ip::address_v6 address(bytes);
    // A dual-stack socket's peer: the same connection has a plain IPv4 address at the other end.
    if (address.is_v4_mapped()) return make_address_v4(boost::asio::ip::v4_mapped, address);
    return address;
}

// With what glibc's tcp_info lacks (include/uapi/linux/tcp.h).
struct TcpInfo {
    tcp_info known;
    std::uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    std::uint32_t segments_out, segments_in, unsent, least_round_trip, data_segments_in, data_segments_out;
    std::uint64_t delivery_rate, busy_time, receive_limited, send_limited;
    std::uint32_t delivered, delivered_marked;
    std::uint64_t bytes_sent, bytes_retransmitted;
};
static_assert(offsetof(TcpInfo, unsent) == 144 && offsetof(TcpInfo, bytes_retransmitted) == 208);

void fill_tcp_info(TcpSocket& socket, const nlattr* attribute) {
    TcpInfo info{};
    std::memcpy(&info, mnl_attr_get_payload(attribute),
                std::min<std::size_t>(sizeof(info), mnl_attr_get_payload_len(attribute)));
    socket.unsent = info.unsent;
    socket.unacked = info.known.tcpi_unacked;
    socket.retransmits = info.known.tcpi_retransmits;
    socket.ms_since_sent = info.known.tcpi_last_data_sent;
    socket.ms_since_received = info.known.tcpi_last_data_recv;
    socket.bytes_acked = info.bytes_acked;
    socket.bytes_received = info.bytes_received;
    socket.data_segments_sent = info.data_segments_out;
    socket.total_retransmits = info.known.tcpi_total_retrans;
    socket.bytes_retransmitted = info.bytes_retransmitted;
}

TcpSocket parse_socket(const nlmsghdr* message) {
    const auto* diag = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
    TcpSocket socket;
    socket.local = address_of(diag->idiag_family, diag->id.idiag_src);
    socket.remote = address_of(diag->idiag_family, diag->id.idiag_dst);
    socket.local_port = ntohs(diag->id.idiag_sport);
    socket.remote_port = ntohs(diag->id.idiag_dport);
    socket.state = diag->idiag_state < state_names.size() ? state_names[diag->idiag_state] : "UNKNOWN";
    socket.receive_queue = diag->idiag_rqueue;
    socket.send_queue = diag->idiag_wqueue;
    socket.held = diag->idiag_inode != 0;
    for_each_attribute(message, sizeof(*diag), [&](std::uint16_t type, const nlattr* attribute) {
        if (type == INET_DIAG_INFO) fill_tcp_info(socket, attribute);
    });
    return socket;
}

Result<void> list_sockets(NetlinkSocket& socket, std::uint8_t protocol, std::uint8_t extensions,
                          unsigned states, const std::string& attempt,
                          const std::function<void(const nlmsghdr*)>& each) {
    for (const int family : {AF_INET, AF_INET6}) {
        alignas(nlmsghdr) std::array<char, 256> buffer{};
        nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
        request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
        auto* body =
            static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(request, sizeof(inet_diag_req_v2)));
        body->sdiag_family = static_cast<std::uint8_t>(family);
        body->sdiag_protocol = protocol;
        body->idiag_ext = extensions;
        body->idiag_states = states;
        NETCUT_TRY(socket.dump(request, attempt, each));
    }
    return {};
}

Result<std::vector<TcpSocket>> list_tcp_sockets_in(NetlinkSocket& socket, unsigned states) {
    std::vector<TcpSocket> sockets;
    NETCUT_TRY(list_sockets(socket, IPPROTO_TCP, 1U << (INET_DIAG_INFO - 1), states,
                            "list the TCP sockets of a node",
                            [&](const nlmsghdr* message) { sockets.push_back(parse_socket(message)); }));
    return sockets;
}

}  // namespace

Result<std::vector<TcpSocket>> list_tcp_sockets(NetlinkSocket& socket) {
    return list_tcp_sockets_in(socket, wanted_states);
}

Result<std::vector<TcpSocket>> list_listening_sockets(NetlinkSocket& socket) {
    return list_tcp_sockets_in(socket, 1U << listening);
}

Result<std::set<std::uint16_t>> list_udp_ports(NetlinkSocket& socket) {
    std::set<std::uint16_t> ports;
    NETCUT_TRY(list_sockets(socket, IPPROTO_UDP, 0, wanted_states, "list the UDP sockets of a node",
                            [&](const nlmsghdr* message) {
                                const auto* diag =
                                    static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
                                if (diag->idiag_inode != 0) ports.insert(ntohs(diag->id.idiag_sport));
                            }));
    return ports;
}

}  // namespace netcut
