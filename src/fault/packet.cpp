// SPDX-License-Identifier: Apache-2.0
#include "fault/packet.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace netcut {
namespace {

constexpr std::size_t v4_smallest_header = 20, v6_fixed_header = 40;
constexpr std::size_t tcp_smallest_header = 20, udp_header = 8;

// Callers have made sure that it is there.
std::uint16_t number16(PacketBytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
std::uint32_t number32(PacketBytes bytes, std::size_t at) {
    return std::uint32_t{number16(bytes, at)} << 16 | number16(bytes, at + 2);
}

template <typename Address>
IpAddress address_at(PacketBytes bytes, std::size_t at) {
    typename Address::bytes_type raw;
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), raw.size(), raw.begin());
    return Address(raw);
}

std::uint32_t transport_length(const PacketHeader& header) {
    return header.length > header.network_header ? header.length - header.network_header : 0;
}

void parse_tcp(PacketBytes segment, PacketHeader& header) {
    constexpr std::size_t flags_at = 13;
    if (segment.size() <= flags_at) return;
    const std::size_t tcp_header = (segment[12] >> 4) * std::size_t{4};
    if (tcp_header < tcp_smallest_header) return;
    header.tcp = TcpFields{number32(segment, 4), number32(segment, 8), segment[flags_at]};
    const std::uint32_t length = transport_length(header);
    header.payload = length > tcp_header ? length - static_cast<std::uint32_t>(tcp_header) : 0;
}

void parse_transport(PacketBytes segment, PacketHeader& header) {
    const bool has_ports = header.protocol == IPPROTO_TCP || header.protocol == IPPROTO_UDP;
    if (has_ports && segment.size() >= 4) {
        header.source_port = number16(segment, 0);
        header.destination_port = number16(segment, 2);
    }
    if (header.protocol == IPPROTO_TCP) {
        parse_tcp(segment, header);
    } else if (header.protocol == IPPROTO_UDP) {
        const std::uint32_t length = transport_length(header);
        header.payload = length > udp_header ? length - static_cast<std::uint32_t>(udp_header) : 0;
    } else if (is_icmp(header) && segment.size() >= 2) {
        header.icmp = IcmpFields{segment[0], segment[1]};
    }
}

// What Ethernet padded a short packet with is not part of it.
PacketBytes without_padding(PacketBytes bytes, const PacketHeader& header) {
    return header.length != 0 && header.length < bytes.size() ? bytes.first(header.length) : bytes;
}

PacketBytes behind_network_header(PacketBytes bytes, const PacketHeader& header) {
    const PacketBytes packet = without_padding(bytes, header);
    return packet.subspan(std::min<std::size_t>(header.network_header, packet.size()));
}

// RFC 791, 3.1.
std::optional<PacketHeader> parse_v4(PacketBytes bytes) {
    if (bytes.size() < v4_smallest_header) return {};
    PacketHeader header;
    header.network_header = (bytes[0] & 0x0fU) * 4;
    header.length = number16(bytes, 2);
    if (header.network_header < v4_smallest_header || bytes.size() < header.network_header) return {};
    if (header.length != 0 && header.length < header.network_header) return {};
    header.protocol = bytes[9];
    header.source = address_at<boost::asio::ip::address_v4>(bytes, 12);
    header.destination = address_at<boost::asio::ip::address_v4>(bytes, 16);
    header.later_fragment = (number16(bytes, 6) & 0x1fffU) != 0;
    if (!header.later_fragment) parse_transport(behind_network_header(bytes, header), header);
    return header;
}

// RFC 8200, 4: false when there is no further header to skip.
bool skip_extension(PacketBytes bytes, PacketHeader& header) {
    const std::size_t at = header.network_header;
    if (header.later_fragment || bytes.size() < at + 8) return false;
    switch (header.protocol) {
        case IPPROTO_FRAGMENT:
            header.later_fragment = (number16(bytes, at + 2) & 0xfff8U) != 0;
            header.network_header += 8;
            break;
        case IPPROTO_HOPOPTS:
        case IPPROTO_ROUTING:
        case IPPROTO_DSTOPTS:
            header.network_header += 8 + bytes[at + 1] * 8U;
            break;
        default:
            return false;
    }
    header.protocol = bytes[at];
    return true;
}

std::optional<PacketHeader> parse_v6(PacketBytes bytes) {
    if (bytes.size() < v6_fixed_header) return {};
    PacketHeader header;
    header.network_header = v6_fixed_header;
    header.protocol = bytes[6];
    const std::uint16_t behind = number16(bytes, 4);
    // A jumbogram says its length in a hop-by-hop option (RFC 2675, 2).
    const bool jumbo = behind == 0 && header.protocol == IPPROTO_HOPOPTS;
    header.length = jumbo ? 0 : static_cast<std::uint32_t>(v6_fixed_header) + behind;
    header.source = address_at<boost::asio::ip::address_v6>(bytes, 8);
    header.destination = address_at<boost::asio::ip::address_v6>(bytes, 24);
    const PacketBytes packet = without_padding(bytes, header);
    while (skip_extension(packet, header)) {
    }
    if (!header.later_fragment) parse_transport(behind_network_header(bytes, header), header);
    return header;
}

std::string protocol_text(const PacketHeader& header) {
    switch (header.protocol) {
        case IPPROTO_TCP:
            return "TCP";
        case IPPROTO_UDP:
            return "UDP";
        case IPPROTO_ICMP:
            return "ICMP";
        case IPPROTO_ICMPV6:
            return "ICMPv6";
        default:
            return fmt::format("protocol {}", header.protocol);
    }
}

std::string endpoint_text(const PacketHeader& header, const IpAddress& address, std::uint16_t port) {
    const bool has_ports = header.source_port != 0 || header.destination_port != 0;
    if (!has_ports) return address.to_string();
    if (address.is_v6()) return fmt::format("[{}]:{}", address.to_string(), port);
    return fmt::format("{}:{}", address.to_string(), port);
}

std::string tcp_text(const TcpFields& tcp, std::uint32_t payload) {
    std::string text = fmt::format("{} seq {}", tcp_flags_text(tcp.flags), tcp.seq);
    if ((tcp.flags & tcp_flag::ack) != 0) text += fmt::format(" ack {}", tcp.ack);
    return text + fmt::format(" payload {}", payload);
}

}  // namespace

std::string tcp_flags_text(std::uint8_t flags) {
    constexpr std::array<const char*, 8> names{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
    std::string text;
    for (std::size_t bit = 0; bit < names.size(); ++bit) {
        if ((flags >> bit & 1) == 0) continue;
        if (!text.empty()) text += ',';
        text += names[bit];
    }
    return text.empty() ? "none" : text;
}

bool is_icmp(const PacketHeader& header) {
    const int its_own = header.source.is_v6() ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
    return header.protocol == its_own;
}

std::optional<PacketHeader> parse_packet(PacketBytes packet) {
    const int version = packet.empty() ? 0 : packet[0] >> 4;
    if (version == 4) return parse_v4(packet);
    if (version == 6) return parse_v6(packet);
    return {};
}

std::string packet_text(const PacketHeader& header) {
    const std::string flow = fmt::format(
        "{} > {} {}", endpoint_text(header, header.source, header.source_port),
        endpoint_text(header, header.destination, header.destination_port), protocol_text(header));
    if (header.later_fragment) return fmt::format("{} later fragment length {}", flow, header.length);
    if (header.tcp) return flow + " " + tcp_text(*header.tcp, header.payload);
    if (header.icmp) return fmt::format("{} type {} code {}", flow, header.icmp->type, header.icmp->code);
    if (header.protocol == IPPROTO_UDP) return fmt::format("{} payload {}", flow, header.payload);
    return fmt::format("{} length {}", flow, header.length);
}

}  // namespace netcut
