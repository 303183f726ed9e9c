// SPDX-License-Identifier: Apache-2.0
#include "kernel/sockdiag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "kernel/attributes.h"
#include "kernel/socket_facts.h"

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
    std::uint32_t duplicates, reorderings, out_of_order, peer_window;
};
static_assert(offsetof(TcpInfo, unsent) == 144 && offsetof(TcpInfo, bytes_retransmitted) == 208 &&
              offsetof(TcpInfo, peer_window) == 228);

TcpInfo tcp_info_of(const nlattr* attribute) {
    TcpInfo info{};
    std::memcpy(&info, mnl_attr_get_payload(attribute),
                std::min<std::size_t>(sizeof(info), mnl_attr_get_payload_len(attribute)));
    return info;
}

void fill_tcp_info(TcpSocket& socket, const TcpInfo& info) {
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
        if (type == INET_DIAG_INFO) fill_tcp_info(socket, tcp_info_of(attribute));
    });
    return socket;
}

TcpConnection parse_connection(const nlmsghdr* message) {
    const auto* diag = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
    TcpConnection connection;
    connection.socket = parse_socket(message);
    connection.inode = diag->idiag_inode;
    TcpTimers& timers = connection.timers;
    timers.timer = diag->idiag_timer < tcp_timer_words.size() ? tcp_timer_words[diag->idiag_timer].value
                                                              : TcpTimer::retransmission;
    timers.expires_ms = diag->idiag_expires;
    timers.attempts = diag->idiag_retrans;
    for_each_attribute(message, sizeof(*diag), [&](std::uint16_t type, const nlattr* attribute) {
        if (type != INET_DIAG_INFO) return;
        const TcpInfo info = tcp_info_of(attribute);
        timers.backoff = info.known.tcpi_backoff;
        timers.rto_us = info.known.tcpi_rto;
        timers.rtt_us = info.known.tcpi_rtt;
        timers.congestion_window = info.known.tcpi_snd_cwnd;
        timers.peer_window = info.peer_window;
    });
    return connection;
}

ListeningSocket parse_listening(const nlmsghdr* message) {
    const auto* diag = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
    return {address_of(diag->idiag_family, diag->id.idiag_src), ntohs(diag->id.idiag_sport),
            diag->idiag_rqueue, diag->idiag_wqueue, diag->idiag_inode};
}

DatagramSocket parse_datagram_socket(const nlmsghdr* message) {
    const auto* diag = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
    return {address_of(diag->idiag_family, diag->id.idiag_src),
            address_of(diag->idiag_family, diag->id.idiag_dst),
            ntohs(diag->id.idiag_sport),
            ntohs(diag->id.idiag_dport),
            diag->idiag_rqueue,
            diag->idiag_wqueue,
            diag->idiag_inode};
}

UnixSocket parse_unix_socket(const nlmsghdr* message) {
    const auto* diag = static_cast<const unix_diag_msg*>(mnl_nlmsg_get_payload(message));
    UnixSocket socket{.inode = diag->udiag_ino};
    socket.listens = diag->udiag_state == listening;
    for_each_attribute(message, sizeof(*diag), [&](std::uint16_t type, const nlattr* attribute) {
        const auto* bytes = static_cast<const char*>(mnl_attr_get_payload(attribute));
        const std::size_t size = mnl_attr_get_payload_len(attribute);
        if (type == UNIX_DIAG_PEER && size >= sizeof(std::uint32_t))
            socket.peer = mnl_attr_get_u32(attribute);
        if (type == UNIX_DIAG_NAME) socket.has_path = size > 0 && bytes[0] != '\0';
        if (type == UNIX_DIAG_RQLEN && size >= sizeof(unix_diag_rqlen)) {
            unix_diag_rqlen queue{};
            std::memcpy(&queue, bytes, sizeof(queue));
            socket.queue = queue.udiag_rqueue;
        }
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

Result<void> read_unix_sockets(NetlinkSocket& socket, std::vector<UnixSocket>& found) {
    alignas(nlmsghdr) std::array<char, 256> buffer{};
    nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
    request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    auto* body = static_cast<unix_diag_req*>(mnl_nlmsg_put_extra_header(request, sizeof(unix_diag_req)));
    body->sdiag_family = AF_UNIX;
    body->udiag_states = ~0U;
    body->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN;
    return socket.dump(request, "list the Unix sockets of a node",
                       [&](const nlmsghdr* message) { found.push_back(parse_unix_socket(message)); });
}

}  // namespace

std::string ends_of(const TcpSocket& socket) {
    return socket.local.to_string() + ' ' + std::to_string(socket.local_port) + " - " +
           socket.remote.to_string() + ' ' + std::to_string(socket.remote_port);
}

Result<SocketTables> read_socket_tables(NetlinkSocket& socket) {
    SocketTables tables;
    constexpr std::uint8_t with_info = 1U << (INET_DIAG_INFO - 1);
    NETCUT_TRY(list_sockets(
        socket, IPPROTO_TCP, with_info, wanted_states, "list the TCP connections of a node",
        [&](const nlmsghdr* message) { tables.connections.push_back(parse_connection(message)); }));
    NETCUT_TRY(
        list_sockets(socket, IPPROTO_TCP, 0, 1U << listening, "list the listening sockets of a node",
                     [&](const nlmsghdr* message) { tables.listening.push_back(parse_listening(message)); }));
    NETCUT_TRY(list_sockets(
        socket, IPPROTO_UDP, 0, wanted_states, "list the UDP sockets of a node",
        [&](const nlmsghdr* message) { tables.datagrams.push_back(parse_datagram_socket(message)); }));
    tables.knows_unix_sockets = read_unix_sockets(socket, tables.unix_sockets).has_value();
    return tables;
}

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
