// SPDX-License-Identifier: Apache-2.0
//
// Packets for the tests of what reads them.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace netcut::test {

using Bytes = std::vector<std::uint8_t>;

// "45 00 0014" and so on; blanks do not matter.
inline Bytes from_hex(std::string_view text) {
    Bytes bytes;
    std::string digits;
    for (const char c : text) {
        if (c == ' ' || c == '\n') continue;
        digits += c;
        if (digits.size() < 2) continue;
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits, nullptr, 16)));
        digits.clear();
    }
    return bytes;
}

inline Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

inline Bytes big_endian(std::uint64_t value, int size) {
    Bytes bytes;
    for (int i = size - 1; i >= 0; --i) bytes.push_back(static_cast<std::uint8_t>(value >> 8 * i));
    return bytes;
}

struct Addresses {
    std::string source, destination;
};
inline const Addresses v4_hosts{"10.99.0.3", "10.99.0.2"};
inline const Addresses v6_hosts{"fd63::3", "fd63::2"};

inline Bytes raw(const std::string& text) {
    const auto address = boost::asio::ip::make_address(text);
    const auto copy = [](const auto& bytes) { return Bytes(bytes.begin(), bytes.end()); };
    return address.is_v6() ? copy(address.to_v6().to_bytes()) : copy(address.to_v4().to_bytes());
}

// `fragment`: flags and offset as IPv4 stores them. No header checksum: nobody here looks at it.
inline Bytes ipv4(std::uint8_t protocol, const Bytes& body, const Addresses& hosts = v4_hosts,
                  const Bytes& options = {}, std::uint16_t fragment = 0) {
    const std::size_t header = 20 + options.size();
    return big_endian(0x40 | header / 4, 1) + Bytes{0} + big_endian(header + body.size(), 2) + Bytes{0, 1} +
           big_endian(fragment, 2) + Bytes{64, protocol, 0, 0} + raw(hosts.source) + raw(hosts.destination) +
           options + body;
}
inline Bytes ipv6(std::uint8_t next, const Bytes& body, const Addresses& hosts = v6_hosts) {
    return Bytes{0x60, 0, 0, 0} + big_endian(body.size(), 2) + Bytes{next, 64} + raw(hosts.source) +
           raw(hosts.destination) + body;
}
inline Bytes ip(bool v6, std::uint8_t protocol, const Bytes& body) {
    return v6 ? ipv6(protocol, body) : ipv4(protocol, body);
}
inline Bytes tcp(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack, std::size_t payload,
                 const Bytes& options = {}) {
    return big_endian(45678, 2) + big_endian(8080, 2) + big_endian(seq, 4) + big_endian(ack, 4) +
           big_endian((20 + options.size()) / 4 << 4, 1) + Bytes{flags, 1, 0, 0, 0, 0, 0} + options +
           Bytes(payload, 'x');
}
inline Bytes udp(std::size_t payload) {
    return big_endian(45678, 2) + big_endian(53, 2) + big_endian(8 + payload, 2) + Bytes{0, 0} +
           Bytes(payload, 'x');
}
inline Bytes icmp(std::uint8_t type, std::uint8_t code) {
    return Bytes{type, code, 0, 0, 0, 1, 0, 1} + Bytes(16, 'x');
}
// An IPv6 extension header of `units` times 8 bytes.
inline Bytes extension(std::uint8_t next, std::uint8_t units) {
    return Bytes{next, static_cast<std::uint8_t>(units - 1)} + Bytes(units * std::size_t{8} - 2, 0);
}
inline Bytes fragment_header(std::uint8_t next, std::uint16_t offset_and_flags) {
    return Bytes{next, 0} + big_endian(offset_and_flags, 2) + Bytes{0, 0, 0, 1};
}

// One packet of each kind that the parser knows.
inline std::vector<Bytes> all_samples() {
    const Bytes segment = tcp(0x18, 123, 456, 100, Bytes(12, 1));
    return {ipv4(6, segment),
            ipv4(6, segment, v4_hosts, Bytes(40, 1)),
            ipv4(6, segment, v4_hosts, {}, 0x2000),
            ipv4(6, segment, v4_hosts, {}, 0x2001),
            ipv4(17, udp(30)),
            ipv4(1, icmp(8, 0)),
            ipv4(47, Bytes(30, 1)),
            ipv6(6, segment),
            ipv6(17, udp(30)),
            ipv6(58, icmp(128, 0)),
            ipv6(0, extension(60, 1) + extension(43, 2) + extension(44, 3) + fragment_header(6, 1) + segment),
            ipv6(44, fragment_header(17, 8) + udp(30))};
}

}  // namespace netcut::test
