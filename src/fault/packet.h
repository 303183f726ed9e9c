// SPDX-License-Identifier: Apache-2.0
//
// What a packet says, as the evidence of a trigger, and the replies that a fault gives to it in the name of
// the host it was for. Pure: bytes in, bytes out, no system call. Any bytes may be given; what they do not
// tell is left out, and nothing is read beyond them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fault/plan.h"
#include "kernel/address.h"

namespace netcut {

using PacketBytes = std::span<const std::uint8_t>;  // from the network header on; the end may be cut off

namespace tcp_flag {
inline constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10;
}
std::string tcp_flags_text(std::uint8_t flags);  // "SYN,ACK"; "none"

struct TcpFields {
    std::uint32_t seq = 0, ack = 0;
    std::uint8_t flags = 0;
};
struct IcmpFields {
    std::uint8_t type = 0, code = 0;
};

struct PacketHeader {
    IpAddress source, destination;
    // IPPROTO_*: of IPv6, what follows the extension headers, or the extension header where the bytes end.
    std::uint8_t protocol = 0;
    std::uint32_t length = 0;          // layer 3, as the header says; 0 if it does not (over 64 KiB: BIG TCP)
    std::uint32_t network_header = 0;  // bytes before the transport header, IPv6 extension headers included
    bool later_fragment = false;       // not the first one: it has no transport header
    std::uint16_t source_port = 0, destination_port = 0;  // of TCP and UDP; 0 if the bytes do not tell
    std::optional<TcpFields> tcp;                         // of TCP, if the bytes reach as far
    std::optional<IcmpFields> icmp;                       // of ICMP and ICMPv6, likewise
    std::uint32_t payload = 0;  // bytes behind the TCP or UDP header, as the headers say
};

bool is_icmp(const PacketHeader& header);  // ICMP over IPv4, ICMPv6 over IPv6

// Nothing if it is not an IP packet, or its IP header is not all there.
std::optional<PacketHeader> parse_packet(PacketBytes packet);
// "10.99.0.3:45678 > 10.99.0.2:8080 TCP PSH,ACK seq 123 ack 456 payload 1448"
std::string packet_text(const PacketHeader& header);

// RFC 1071, of all of `bytes`; in host order, to be stored big end first.
std::uint16_t internet_checksum(PacketBytes bytes);

// Replies are whole IP packets, from the packet's destination to its source. There is none to what must not
// be answered, nor to a packet of which too little is there.

// As of a host that has no such connection (RFC 9293, 3.10.7.1): never to a RST.
std::optional<std::vector<std::uint8_t>> craft_reset(PacketBytes packet);

// ICMP or ICMPv6 destination unreachable: never to an ICMP error, a later fragment, or a packet that was not
// from one host to one host (RFC 1122, 3.2.2; RFC 4443, 2.4).
std::optional<std::vector<std::uint8_t>> craft_unreachable(PacketBytes packet, UnreachableCode code);
// ICMP fragmentation needed (RFC 1191, 4) or ICMPv6 packet too big (RFC 4443, 3.2), under the same
// conditions.
std::optional<std::vector<std::uint8_t>> craft_too_big(PacketBytes packet, std::uint16_t mtu);

}  // namespace netcut
