// SPDX-License-Identifier: Apache-2.0
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <algorithm>
#include <array>

#include "fault/packet.h"
#include "fault/plan.h"
#include "kernel/address.h"

namespace netcut {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t v4_header = 20, v6_header = 40, icmp_header = 8;
constexpr std::uint8_t hops = 64;

void put8(Bytes& bytes, std::uint8_t value) {
    bytes.push_back(value);
}
void put16(Bytes& bytes, std::uint16_t value) {
    put8(bytes, static_cast<std::uint8_t>(value >> 8));
    put8(bytes, static_cast<std::uint8_t>(value));
}
void put32(Bytes& bytes, std::uint32_t value) {
    put16(bytes, static_cast<std::uint16_t>(value >> 16));
    put16(bytes, static_cast<std::uint16_t>(value));
}
void put_address(Bytes& bytes, const IpAddress& address) {
    const auto append = [&](const auto& raw) { bytes.insert(bytes.end(), raw.begin(), raw.end()); };
    if (address.is_v6())
        append(address.to_v6().to_bytes());
    else
        append(address.to_v4().to_bytes());
}

void set_checksum(Bytes& bytes, std::size_t at, std::uint16_t checksum) {
    bytes[at] = static_cast<std::uint8_t>(checksum >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(checksum);
}

// RFC 9293, 3.1 and RFC 8200, 8.1: the pseudo-header goes before the segment. Both forms of it sum up to
// this.
std::uint16_t transport_checksum(const IpAddress& from, const IpAddress& to, std::uint8_t protocol,
                                 const Bytes& segment) {
    Bytes summed;
    put_address(summed, from);
    put_address(summed, to);
    put32(summed, static_cast<std::uint32_t>(segment.size()));
    put32(summed, protocol);
    summed.insert(summed.end(), segment.begin(), segment.end());
    return internet_checksum(summed);
}

Bytes ip_packet(const IpAddress& from, const IpAddress& to, std::uint8_t protocol, const Bytes& segment) {
    Bytes packet;
    const auto length = static_cast<std::uint16_t>(segment.size());
    if (from.is_v6()) {
        put32(packet, 6U << 28);  // no traffic class, no flow label
        put16(packet, length);
        put8(packet, protocol);
        put8(packet, hops);
    } else {
        put16(packet, 0x4500);  // version 4, five words, no type of service
        put16(packet, static_cast<std::uint16_t>(length + v4_header));
        put16(packet, 0);       // what is never fragmented needs no identification (RFC 6864, 4.1)
        put16(packet, 0x4000);  // do not fragment
        put8(packet, hops);
        put8(packet, protocol);
        put16(packet, 0);
    }
    put_address(packet, from);
    put_address(packet, to);
    if (from.is_v4()) set_checksum(packet, 10, internet_checksum(packet));
    packet.insert(packet.end(), segment.begin(), segment.end());
    return packet;
}

// A subnet's own broadcast address cannot be told from a host's.
bool is_one_host(const IpAddress& address) {
    if (address.is_v6())
        return !address.is_unspecified() && !address.is_loopback() && !address.is_multicast();
    const std::uint32_t top = address.to_v4().to_uint() >> 24;
    return top != 0 && top != 127 && top < 224;  // 224 and above: multicast, class E, broadcast
}

bool is_between_hosts(const PacketHeader& header) {
    return is_one_host(header.source) && is_one_host(header.destination);
}

// As net/ipv4/icmp.c, a type that is not known might be an error.
bool is_icmp_error(const PacketHeader& header) {
    if (header.source.is_v6()) return header.icmp->type < 128 || header.icmp->type == ND_REDIRECT;
    switch (header.icmp->type) {
        case ICMP_DEST_UNREACH:
        case ICMP_SOURCE_QUENCH:
        case ICMP_REDIRECT:
        case ICMP_TIME_EXCEEDED:
        case ICMP_PARAMETERPROB:
            return true;
        default:
            return header.icmp->type > NR_ICMP_TYPES;
    }
}

bool may_get_icmp_error(const PacketHeader& header) {
    if (header.later_fragment || !is_between_hosts(header)) return false;
    return !is_icmp(header) || (header.icmp && !is_icmp_error(header));
}

struct Codes {
    std::uint8_t v4, v6;
};
// In the order of UnreachableCode; RFC 792 and 1812, 5.2.7.1; RFC 4443, 3.1: as nft(8) maps its icmpx codes.
constexpr std::array<Codes, 4> unreachable_codes{{{ICMP_NET_UNREACH, ICMP6_DST_UNREACH_NOROUTE},
                                                  {ICMP_PKT_FILTERED, ICMP6_DST_UNREACH_ADMIN},
                                                  {ICMP_HOST_UNREACH, ICMP6_DST_UNREACH_ADDR},
                                                  {ICMP_PORT_UNREACH, ICMP6_DST_UNREACH_NOPORT}}};

// What of the packet goes into the error, at most: 576 bytes of IPv4 (RFC 1812, 4.3.2.3), IPv6's smallest
// MTU.
PacketBytes quote(PacketBytes packet, const PacketHeader& header) {
    const bool v6 = header.source.is_v6();
    const std::size_t room = v6 ? 1280 - v6_header - icmp_header : 576 - v4_header - icmp_header;
    const std::size_t length = header.length != 0 ? header.length : packet.size();
    return packet.first(std::min({packet.size(), length, room}));
}

// `more`: the 32 bits behind the checksum.
std::optional<Bytes> craft_error(PacketBytes packet, IcmpFields v4, IcmpFields v6, std::uint32_t more) {
    const auto header = parse_packet(packet);
    if (!header || !may_get_icmp_error(*header)) return {};
    const PacketBytes quoted = quote(packet, *header);
    // The ports are in the eight bytes behind the header: without them the error finds no socket.
    const std::size_t least = header->network_header + std::size_t{8};
    if (quoted.size() < least && (header->length == 0 || quoted.size() < header->length)) return {};
    const bool is_v6 = header->source.is_v6();
    Bytes message;
    put8(message, is_v6 ? v6.type : v4.type);
    put8(message, is_v6 ? v6.code : v4.code);
    put16(message, 0);  // checksum
    put32(message, more);
    message.insert(message.end(), quoted.begin(), quoted.end());
    const std::uint8_t protocol = is_v6 ? std::uint8_t{IPPROTO_ICMPV6} : std::uint8_t{IPPROTO_ICMP};
    set_checksum(message, 2,
                 is_v6 ? transport_checksum(header->destination, header->source, protocol, message)
                       : internet_checksum(message));
    return ip_packet(header->destination, header->source, protocol, message);
}

}  // namespace

std::uint16_t internet_checksum(PacketBytes bytes) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        sum += i % 2 == 0 ? std::uint64_t{bytes[i]} << 8 : bytes[i];
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

std::optional<Bytes> craft_reset(PacketBytes packet) {
    const auto header = parse_packet(packet);
    if (!header || !header->tcp || !is_between_hosts(*header)) return {};
    const TcpFields& heard = *header->tcp;
    if ((heard.flags & tcp_flag::rst) != 0) return {};
    Bytes segment;
    put16(segment, header->destination_port);
    put16(segment, header->source_port);
    if ((heard.flags & tcp_flag::ack) != 0) {
        put32(segment, heard.ack);
        put32(segment, 0);
        put16(segment, 0x5000 | tcp_flag::rst);  // five words
    } else {
        const std::uint32_t marks =
            (heard.flags & tcp_flag::syn ? 1 : 0) + (heard.flags & tcp_flag::fin ? 1 : 0);
        put32(segment, 0);
        put32(segment, heard.seq + header->payload + marks);
        put16(segment, 0x5000 | tcp_flag::rst | tcp_flag::ack);
    }
    put16(segment, 0);  // window
    put16(segment, 0);  // checksum
    put16(segment, 0);  // urgent pointer
    set_checksum(segment, 16, transport_checksum(header->destination, header->source, IPPROTO_TCP, segment));
    return ip_packet(header->destination, header->source, IPPROTO_TCP, segment);
}

std::optional<Bytes> craft_unreachable(PacketBytes packet, UnreachableCode code) {
    const Codes& codes = unreachable_codes[static_cast<std::size_t>(code)];
    return craft_error(packet, {ICMP_DEST_UNREACH, codes.v4}, {ICMP6_DST_UNREACH, codes.v6}, 0);
}

std::optional<Bytes> craft_too_big(PacketBytes packet, std::uint16_t mtu) {
    return craft_error(packet, {ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED}, {ICMP6_PACKET_TOO_BIG, 0}, mtu);
}

}  // namespace netcut
