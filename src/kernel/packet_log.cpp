// SPDX-License-Identifier: Apache-2.0
#include "kernel/packet_log.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernel/attributes.h"
#include "kernel/keeper.h"

namespace netcut {
namespace {

constexpr std::uint16_t message_type(nfulnl_msg_types type) {
    return static_cast<std::uint16_t>(NFNL_SUBSYS_ULOG << 8 | type);
}

constexpr std::uint32_t bytes_of_many = 16384;  // of one message with several packets
constexpr std::uint32_t many_packets = 32;
constexpr std::uint32_t soon = 1;  // hundredths of a second

// All in one message, so that no packet is logged by the defaults (100 packets or a second, whichever is
// first). No PF_BIND: a log expression with a group has found its logger by itself since Linux 3.17, and it
// would change where the namespace's other log messages go.
void put_settings(nlmsghdr* message, const PacketLogOptions& options) {
    nfulnl_msg_config_cmd command{};
    command.command = NFULNL_CFG_CMD_BIND;
    mnl_attr_put(message, NFULA_CFG_CMD, sizeof(command), &command);
    nfulnl_msg_config_mode mode{};
    mode.copy_mode = NFULNL_COPY_PACKET;
    mode.copy_range = htonl(options.snap_length);
    mnl_attr_put(message, NFULA_CFG_MODE, sizeof(mode), &mode);
    mnl_attr_put_u32(message, NFULA_CFG_TIMEOUT, htonl(options.many ? soon : 0));
    mnl_attr_put_u32(message, NFULA_CFG_QTHRESH, htonl(options.many ? many_packets : 1));
    if (options.many) mnl_attr_put_u32(message, NFULA_CFG_NLBUFSIZ, htonl(bytes_of_many));
    mnl_attr_put_u16(message, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
}

Error explain(Error error) {
    if (error.code == EPERM && ::geteuid() == 0) {
        error.reason = "the group has another reader";
        error.hint = "use another group";
    } else if (error.code == EINVAL || error.code == EOPNOTSUPP) {
        error.hint = "this kernel may lack nfnetlink_log (CONFIG_NETFILTER_NETLINK_LOG)";
    }
    return error;
}

int index_in(const nlattr* attribute) {
    return static_cast<int>(ntohl(mnl_attr_get_u32(attribute)));
}

std::vector<std::uint8_t> payload_bytes(const nlattr* attribute) {
    const auto* bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
    return {bytes, bytes + mnl_attr_get_payload_len(attribute)};
}

template <typename T>
T struct_in(const nlattr* attribute) {
    T value{};
    std::memcpy(&value, mnl_attr_get_payload(attribute),
                std::min<std::size_t>(sizeof(value), mnl_attr_get_payload_len(attribute)));
    return value;
}

std::uint64_t from_network(std::uint64_t value) {
    return std::uint64_t{ntohl(static_cast<std::uint32_t>(value))} << 32 |
           ntohl(static_cast<std::uint32_t>(value >> 32));
}

std::chrono::system_clock::time_point time_in(const nlattr* attribute) {
    const auto stamp = struct_in<nfulnl_msg_packet_timestamp>(attribute);
    return std::chrono::system_clock::time_point(std::chrono::seconds(from_network(stamp.sec)) +
                                                 std::chrono::microseconds(from_network(stamp.usec)));
}

void fill(LoggedPacket& packet, std::uint16_t type, const nlattr* attribute) {
    switch (type) {
        case NFULA_PREFIX:
            packet.prefix = mnl_attr_get_str(attribute);
            break;
        case NFULA_PACKET_HDR:
            packet.ethertype = ntohs(struct_in<nfulnl_msg_packet_hdr>(attribute).hw_protocol);
            break;
        case NFULA_TIMESTAMP:
            packet.time = time_in(attribute);
            break;
        case NFULA_IFINDEX_INDEV:
            packet.in_index = index_in(attribute);
            break;
        case NFULA_IFINDEX_OUTDEV:
            packet.out_index = index_in(attribute);
            break;
        case NFULA_IFINDEX_PHYSINDEV:
            packet.physical_in_index = index_in(attribute);
            break;
        case NFULA_IFINDEX_PHYSOUTDEV:
            packet.physical_out_index = index_in(attribute);
            break;
        case NFULA_MARK:
            packet.mark = ntohl(mnl_attr_get_u32(attribute));
            break;
        case NFULA_PAYLOAD:
            packet.bytes = payload_bytes(attribute);
            break;
        case NFULA_HWHEADER:  // of packets that came in; comes before L2HDR
        case NFULA_L2HDR:     // of a bridge's packets
            packet.link_header = payload_bytes(attribute);
            break;
        default:
            break;
    }
}

}  // namespace

Result<PacketLog> PacketLog::open(const NetNs& where, std::uint16_t group, const PacketLogOptions& options) {
    constexpr std::uint32_t room_for_attributes = 8192;
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &where));
    keeper_makes_room(socket.fd());
    alignas(nlmsghdr) std::array<char, 256> buffer{};
    nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = message_type(NFULNL_MSG_CONFIG);
    auto* body = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
    body->nfgen_family = AF_UNSPEC;
    body->version = NFNETLINK_V0;
    body->res_id = htons(group);
    put_settings(message, options);
    Batch batch;
    batch.append(message, fmt::format("read the packets that are logged to group {}", group));
    NETCUT_TRY(socket.commit(batch).map_error(explain));
    return PacketLog(std::move(socket), group,
                     std::max(options.snap_length, bytes_of_many) + room_for_attributes);
}

// The socket itself waits: it is told not to, each time.
Result<LoggedPackets> PacketLog::read() {
    LoggedPackets result;
    while (result.packets.size() < most_at_once) {
        const ssize_t size = ::recv(fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
        if (size < 0 && errno == ENOBUFS) {  // said once (netlink_overrun in net/netlink/af_netlink.c)
            result.overrun = true;
            continue;
        }
        if (size < 0) return system_failure(fmt::format("read the packets logged to group {}", group_));
        int rest = static_cast<int>(size);
        for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer_.data());
             mnl_nlmsg_ok(message, rest); message = mnl_nlmsg_next(message, &rest))
            if (message->nlmsg_type == message_type(NFULNL_MSG_PACKET)) take(message, result);
    }
    return result;
}

void PacketLog::take(const nlmsghdr* message, LoggedPackets& into) {
    LoggedPacket packet;
    std::uint32_t sequence = next_sequence_;
    for_each_attribute(message, sizeof(nfgenmsg), [&](std::uint16_t type, const nlattr* attribute) {
        if (type == NFULA_SEQ) sequence = ntohl(mnl_attr_get_u32(attribute));
        fill(packet, type, attribute);
    });
    // The kernel numbers what it logs to the group, from 0, also what then finds no room.
    into.lost += static_cast<std::uint32_t>(sequence - next_sequence_);
    next_sequence_ = sequence + 1;
    into.packets.push_back(std::move(packet));
}

}  // namespace netcut
