// SPDX-License-Identifier: Apache-2.0
#include "kernel/packet_sender.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/ethernet.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "kernel/packet_socket.h"

namespace netcut {
namespace {

std::string hint_for_sending(int code) {
    switch (code) {
        case ENETDOWN:
            return "the link is down";
        case ENOBUFS:
            return "the link's queue is full";
        case EMSGSIZE:
            return "it is longer than the link's MTU";
        default:
            return {};
    }
}

}  // namespace

Result<PacketSender> PacketSender::open(const NetNs& where) {
    Fd socket;
    NETCUT_TRY(where.run([&]() -> Result<void> {
        NETCUT_ASSIGN(socket, open_packet_socket());
        return {};
    }));
    return PacketSender(std::move(socket));
}

Result<void> PacketSender::send(int link, const FrameAddresses& addresses,
                                std::span<const std::uint8_t> packet) {
    const int version = packet.empty() ? 0 : packet[0] >> 4;
    if (version != 4 && version != 6) return internal_failure("send a packet", "it is neither IPv4 nor IPv6");
    return send(link, addresses, version == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6, packet);
}

Result<void> PacketSender::send(int link, const FrameAddresses& addresses, std::uint16_t ethertype,
                                std::span<const std::uint8_t> packet) {
    ether_header header{};
    std::copy(addresses.destination.begin(), addresses.destination.end(), header.ether_dhost);
    std::copy(addresses.source.begin(), addresses.source.end(), header.ether_shost);
    header.ether_type = htons(ethertype);
    std::array<iovec, 2> parts{iovec{&header, sizeof(header)},
                               iovec{const_cast<std::uint8_t*>(packet.data()), packet.size()}};
    const int code = send_frame(socket_, link, header.ether_type, parts);
    if (code == 0) return {};
    return system_failure(fmt::format("send a packet out of link {}", link), code, hint_for_sending(code));
}

}  // namespace netcut
