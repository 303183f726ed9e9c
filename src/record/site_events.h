// SPDX-License-Identifier: Apache-2.0
//
// Events of record/event.h: the sites of a run (`sites:`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace netcut::event {

// A site as it was made. The outside sees the public addresses in place of its nodes' addresses of IPv4, if there are any.
struct Site {
    std::string site;
    std::vector<std::string> nodes{}, addresses{}, public_addresses{};
    std::string nat, firewall;
    std::optional<std::string> vpn{}, proxy{};
    std::optional<std::uint64_t> up_bit_per_s{}, down_bit_per_s{};
};

// One way of a site's uplink, in all: bytes of frames that passed, and packets that its queue had no room for.
struct UplinkUse {
    std::uint64_t bytes = 0, lost = 0;
};

// Datagrams of a site's tunnel that were lost while it was cut.
struct TunnelLosses {
    std::uint64_t up = 0, down = 0;
};

// Of a site's proxy: tunnels that it made, and requests that it refused. `unread`: words of it that are none.
struct ProxyUse {
    std::uint64_t tunnels = 0, refused = 0, unread = 0;
};

// `unknown`: packets that its router lost, since they belonged to no flow that it knew, or went round its proxy.
struct SiteSummed {
    std::string site;
    std::uint64_t unknown_up = 0, unknown_down = 0;
    std::optional<UplinkUse> up{}, down{};
    std::optional<TunnelLosses> vpn_lost{};
    std::optional<ProxyUse> proxy{};
};

}  // namespace netcut::event
