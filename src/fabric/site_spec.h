// SPDX-License-Identifier: Apache-2.0
//
// A site: nodes behind a router and an uplink of their own, as data. fabric/site_router.h makes it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "link/rate.h"

namespace netcut {

enum class Nat {
    none,
    home,      // one public address; ports stay as they are while they are free
    cgnat,     // a few public addresses, and a block of their ports, as a carrier gives its customers
    symmetric  // one public address, and a port by chance for each flow
};

// What carries all that its nodes exchange with the outside; NAT and firewall see that alone.
enum class Vpn { none, wireguard };
inline constexpr unsigned tunnel_overhead =
    80;  // bytes: the MTU inside is less by them, as wg-quick(8) has it

// The only way from its nodes to the outside, if it has one: tunnels of TCP that they ask for (RFC 9110, 9.3.6).
enum class Proxy { none, connect };

struct SiteSpec {
    std::string name;
    std::vector<std::string> nodes{};
    std::optional<RateLimit> up{}, down{};       // of the uplink, which all of them share
    Nat nat = Nat::none;                         // of IPv4; IPv6 is never translated
    bool outbound_only = false;                  // connections are opened from inside alone
    std::optional<std::chrono::seconds> idle{};  // a flow that is silent for so long is forgotten
    Vpn vpn = Vpn::none;
    Proxy proxy = Proxy::none;

    // Whether others see public addresses in place of its nodes': a tunnel brings out their own.
    bool hides() const { return nat != Nat::none && vpn == Vpn::none; }
    // Whether its nodes reach the outside by connections of its router alone.
    bool relays() const { return proxy != Proxy::none; }
    // Its router keeps track of connections: what comes from outside must belong to one that was opened from inside.
    bool is_stateful() const { return nat != Nat::none || outbound_only || idle; }
};

// What becomes of flows that a site's router has forgotten, when the next packet of them comes.
enum class Rebirth {
    same,  // they are translated to what they were, if nothing else has taken that meanwhile
    port,
    address
};

// Something done to a site's router for a while.
struct SiteChange {
    std::size_t site = 0;
    std::optional<Rebirth> forgets{};       // all flows, at once; that is not taken back
    std::optional<RateLimit> up{}, down{};  // its uplink has these rates
    bool cuts_tunnel = false;               // its tunnel carries nothing
};

inline constexpr std::size_t max_sites = 1000;
inline constexpr std::size_t max_proxies = 64;  // each is a process, and a link more that is looked at

}  // namespace netcut
