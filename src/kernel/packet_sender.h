// SPDX-License-Identifier: Apache-2.0
//
// Sends packets out of a link as they are: replies in a peer's name, and announcements. What is sent passes
// the link's queue, but neither routing, nor a bridge, nor its nftables hooks.
//
// Ownership: a PacketSender owns its socket. Threads: one at a time.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"
#include "base/io.h"
#include "kernel/address.h"
#include "kernel/netns.h"

namespace netcut {

struct FrameAddresses {
    MacAddress source, destination;
};

class PacketSender {
  public:
    static Result<PacketSender> open(const NetNs& where);

    // `link` is an interface of the namespace, and is up. `packet` begins with its IPv4 or IPv6 header.
    Result<void> send(int link, const FrameAddresses& addresses, std::span<const std::uint8_t> packet);
    // The same for any protocol that Ethernet carries.
    Result<void> send(int link, const FrameAddresses& addresses, std::uint16_t ethertype,
                      std::span<const std::uint8_t> packet);

  private:
    explicit PacketSender(Fd socket) : socket_(std::move(socket)) {}
    Fd socket_;
};

}  // namespace netcut
