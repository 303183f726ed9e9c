// SPDX-License-Identifier: Apache-2.0
#include "kernel/sockdiag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>

#include "kernel/attributes.h"
#include "kernel/diag_messages.h"

namespace netcut {
namespace {

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
