// SPDX-License-Identifier: Apache-2.0
#include "kernel/packet_socket.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>

namespace netcut {

Result<Fd> open_packet_socket() {
    // Protocol 0: it would be given a copy of every packet otherwise (packet(7)).
    Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (!socket) return system_failure("open a packet socket");
    return socket;
}

int send_frame(const Fd& socket, int link, std::uint16_t ethertype, std::span<iovec> parts, int flags) {
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_protocol = ethertype;
    to.sll_ifindex = link;
    msghdr message{};
    message.msg_name = &to;
    message.msg_namelen = sizeof(to);
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    ssize_t sent = 0;
    do sent = ::sendmsg(socket.get(), &message, flags);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

}  // namespace netcut
