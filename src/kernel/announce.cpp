// SPDX-License-Identifier: Apache-2.0
#include "kernel/announce.h"

#include <fmt/format.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/io.h"
#include "kernel/packet_sender.h"

namespace netcut {
namespace {

// RFC 5227, 3: sender and target address are both the address that is announced.
Result<void> announce_v4(const NetNs& where, int link, const MacAddress& mac,
                         const boost::asio::ip::address_v4& address) {
    ether_arp arp{};
    arp.ea_hdr.ar_hrd = htons(ARPHRD_ETHER);
    arp.ea_hdr.ar_pro = htons(ETHERTYPE_IP);
    arp.ea_hdr.ar_hln = ETH_ALEN;
    arp.ea_hdr.ar_pln = 4;
    arp.ea_hdr.ar_op = htons(ARPOP_REQUEST);
    const auto bytes = address.to_bytes();
    std::copy(mac.begin(), mac.end(), arp.arp_sha);
    std::copy(bytes.begin(), bytes.end(), arp.arp_spa);
    std::copy(bytes.begin(), bytes.end(), arp.arp_tpa);
    MacAddress everyone;
    everyone.fill(0xff);
    NETCUT_ASSIGN(PacketSender sender, PacketSender::open(where));
    return sender.send(link, {mac, everyone}, ETHERTYPE_ARP,
                       {reinterpret_cast<const std::uint8_t*>(&arp), sizeof(arp)});
}

// RFC 4861, 4.4: to all nodes, with the override flag and our link-layer address as an option.
Result<void> announce_v6(int link, const MacAddress& mac, const boost::asio::ip::address_v6& address,
                         const std::string& attempt) {
    std::array<std::uint8_t, sizeof(nd_neighbor_advert) + 8> message{};
    nd_neighbor_advert advert{};
    advert.nd_na_type = ND_NEIGHBOR_ADVERT;
    advert.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE;
    std::memcpy(&advert.nd_na_target, address.to_bytes().data(), 16);
    std::memcpy(message.data(), &advert, sizeof(advert));
    message[sizeof(advert)] = ND_OPT_TARGET_LINKADDR;
    message[sizeof(advert) + 1] = 1;  // in units of 8 bytes
    std::copy(mac.begin(), mac.end(), message.begin() + sizeof(advert) + 2);
    sockaddr_in6 destination{};
    destination.sin6_family = AF_INET6;
    destination.sin6_scope_id = static_cast<std::uint32_t>(link);
    const auto all_nodes = boost::asio::ip::make_address_v6("ff02::1").to_bytes();
    std::copy(all_nodes.begin(), all_nodes.end(), destination.sin6_addr.s6_addr);
    const Fd socket(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6));
    if (!socket) return system_failure(attempt);
    const int hops = 255;  // RFC 4861, 7.1.2: anything less is discarded
    if (::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) != 0 ||
        ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, &link, sizeof(link)) != 0)
        return system_failure(attempt);
    if (::sendto(socket.get(), message.data(), message.size(), 0,
                 reinterpret_cast<const sockaddr*>(&destination), sizeof(destination)) < 0)
        return system_failure(attempt);
    return {};
}

}  // namespace

Result<void> announce(const NetNs& where, int link, const MacAddress& mac, const IpAddress& address) {
    const std::string attempt = fmt::format("announce {} at {}", address.to_string(), mac_text(mac));
    if (address.is_v4()) {
        auto sent = announce_v4(where, link, mac, address.to_v4());
        if (!sent) sent.error().attempt = attempt + ": " + sent.error().attempt;
        return sent;
    }
    // The kernel takes the source address and the checksum on itself.
    return where.run([&] { return announce_v6(link, mac, address.to_v6(), attempt); });
}

}  // namespace netcut
