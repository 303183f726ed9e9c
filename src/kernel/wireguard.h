// SPDX-License-Identifier: Apache-2.0
//
// WireGuard interfaces (linux/wireguard.h), without the program wg. An interface and the UDP socket below it are of the namespace
// in which it is made.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "kernel/address.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"

namespace netcut {

using WireGuardKey = std::array<std::uint8_t, 32>;
struct WireGuardKeys {
    WireGuardKey secret, open;  // X25519, RFC 7748
};
Result<WireGuardKeys> make_wireguard_keys();

// The other end of a tunnel.
struct WireGuardPeer {
    WireGuardKey key{};
    std::optional<std::pair<IpAddress, std::uint16_t>> endpoint{};  // none: where its first packet comes from
    std::optional<std::chrono::seconds> keepalive{};                // it says something so often
    std::vector<std::pair<IpAddress, unsigned>> inside{};  // addresses behind it, with their prefixes
};

// `batch` is for rtnetlink; the interface is down.
void add_wireguard(Batch& batch, const std::string& name, int index, unsigned mtu);

// The interfaces of one namespace. Threads: one at a time.
class WireGuard {
  public:
    static Result<WireGuard> open(const NetNs& ns);
    Result<void> set_up(int index, const WireGuardKey& secret, std::uint16_t port, const WireGuardPeer& peer);
    // More addresses behind the peer.
    Result<void> add_inside(int index, const WireGuardKey& peer,
                            const std::vector<std::pair<IpAddress, unsigned>>& addresses);
    // Whether both ends have ever found each other.
    Result<bool> has_met(int index);

  private:
    WireGuard(NetlinkSocket socket, std::uint16_t family) : socket_(std::move(socket)), family_(family) {}

    NetlinkSocket socket_;
    std::uint16_t family_;
};

}  // namespace netcut
