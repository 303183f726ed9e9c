// SPDX-License-Identifier: Apache-2.0
#include "kernel/diag_messages.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "kernel/attributes.h"

namespace netcut {
namespace {

// States as the kernel numbers them (include/net/tcp_states.h), names as netstat and ss print them.
constexpr std::array<const char*, 13> state_names = {
    "",       "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",   "TIME_WAIT",
    "CLOSED", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV"};

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

}  // namespace

IpAddress address_of(int family, const std::uint32_t* words) {
    if (family == AF_INET) return boost::asio::ip::address_v4(ntohl(words[0]));
    boost::asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), words, bytes.size());
    const boost::asio::ip::address_v6 address(bytes);
    // A dual-stack socket's peer: the same connection has a plain IPv4 address at the other end.
    if (address.is_v4_mapped()) return make_address_v4(boost::asio::ip::v4_mapped, address);
    return address;
}

TcpInfo tcp_info_of(const nlattr* attribute) {
    TcpInfo info{};
    std::memcpy(&info, mnl_attr_get_payload(attribute),
                std::min<std::size_t>(sizeof(info), mnl_attr_get_payload_len(attribute)));
    return info;
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

}  // namespace netcut
