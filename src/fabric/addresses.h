// SPDX-License-Identifier: Apache-2.0
//
// Addresses inside of a run: 10.99.0.0/16, and fd63::/64, a unique local prefix (RFC 4193).
#pragma once

#include "kernel/address.h"

namespace netcut {

constexpr int loopback = 1;  // the index of `lo` in every network namespace

constexpr std::uint32_t gateway_host = 1;
constexpr std::uint32_t first_host = 2;
constexpr std::uint32_t first_site_host = 0xf000;    // of the routers of sites
constexpr std::uint32_t first_tunnel_host = 0xf400;  // of both ends of sites' tunnels
constexpr std::uint32_t name_server_host = 0xfffc;
constexpr std::uint32_t nobody_host = 0xfffd;
constexpr std::uint32_t gate_host = 0xfffe;  // of an uplink; no node comes to have it
constexpr unsigned run_prefix_v4 = 16;
constexpr unsigned run_prefix_v6 = 64;

inline boost::asio::ip::address_v4 v4_of(std::uint32_t host) {
    return boost::asio::ip::address_v4(0x0a630000U + host);
}

inline boost::asio::ip::address_v6 v6_of(std::uint32_t host) {
    boost::asio::ip::address_v6::bytes_type bytes{0xfd, 0x63};
    bytes[14] = static_cast<std::uint8_t>(host >> 8);
    bytes[15] = static_cast<std::uint8_t>(host);
    return boost::asio::ip::address_v6(bytes);
}

inline IpAddress run_address(bool ipv6, std::uint32_t host) {
    return ipv6 ? IpAddress(v6_of(host)) : IpAddress(v4_of(host));
}

constexpr int first_site_link =
    40'000;  // indices of the router's ends of sites' links; no other link has a higher one

// What the outside sees of a site: of 198.18.0.0/15, which no network uses (RFC 2544, C.2.2).
constexpr std::uint32_t public_addresses = 8;  // of each site
inline IpAddress public_address(std::size_t site, std::uint32_t number) {
    return boost::asio::ip::address_v4(0xc6130000U + static_cast<std::uint32_t>(site) * public_addresses +
                                       number);
}

inline IpAddress any_address(bool ipv6) {
    return ipv6 ? IpAddress(boost::asio::ip::address_v6::any())
                : IpAddress(boost::asio::ip::address_v4::any());
}

inline unsigned whole(const IpAddress& address) {  // the prefix that is the address alone
    return address.is_v6() ? 128 : 32;
}

enum class MacKind : std::uint8_t {
    port = 0,
    node = 1,
    renewed = 2,
    uplink = 3,
    name_server = 4,
    held = 5,
    access_up = 6,
    access_down = 7,
    site_port = 8,  // the router's ends
    site_router = 9,
    tunnel = 10
};

constexpr std::uint32_t last_mac = 0xffff;                      // of a kind
inline MacAddress mac_of(MacKind kind, std::uint32_t number) {  // 02: locally administered
    return {0x02,
            0x6e,
            0x63,
            static_cast<std::uint8_t>(kind),
            static_cast<std::uint8_t>(number >> 8),
            static_cast<std::uint8_t>(number)};
}

}  // namespace netcut
