// SPDX-License-Identifier: Apache-2.0
#include "kernel/socket_facts.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include <array>
#include <cstring>

#include "kernel/attributes.h"
#include "kernel/diag_messages.h"

namespace netcut {
namespace {

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

Result<std::vector<TcpConnection>> list_connections(NetlinkSocket& socket) {
    std::vector<TcpConnection> connections;
    constexpr std::uint8_t with_info = 1U << (INET_DIAG_INFO - 1);
    NETCUT_TRY(
        list_sockets(socket, IPPROTO_TCP, with_info, wanted_states, "list the TCP connections of a node",
                     [&](const nlmsghdr* message) { connections.push_back(parse_connection(message)); }));
    return connections;
}

Result<SocketTables> read_socket_tables(NetlinkSocket& socket) {
    SocketTables tables;
    NETCUT_ASSIGN(tables.connections, list_connections(socket));
    NETCUT_TRY(
        list_sockets(socket, IPPROTO_TCP, 0, 1U << listening, "list the listening sockets of a node",
                     [&](const nlmsghdr* message) { tables.listening.push_back(parse_listening(message)); }));
    NETCUT_TRY(list_sockets(
        socket, IPPROTO_UDP, 0, wanted_states, "list the UDP sockets of a node",
        [&](const nlmsghdr* message) { tables.datagrams.push_back(parse_datagram_socket(message)); }));
    tables.knows_unix_sockets = read_unix_sockets(socket, tables.unix_sockets).has_value();
    return tables;
}

}  // namespace netcut
