// SPDX-License-Identifier: Apache-2.0
//
// TCP packets that a namespace hands on, as they leave it: each can be read as soon as it has left. packet(7),
// PACKET_RX_RING with TPACKET_V2.
//
// Ownership: a PacketTap owns its socket and the memory. Threads: one at a time. Closing it takes the kernel some
// milliseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "kernel/netns.h"

namespace netcut {

struct TappedPacket {
    Nanoseconds time{0};                  // CLOCK_REALTIME, since the epoch
    std::span<const std::uint8_t> bytes;  // from the network header on; cut off; valid during the call
};

class PacketTap {
  public:
    // The ports of a connection, in either order.
    using Ports = std::pair<std::uint16_t, std::uint16_t>;
    // A filter is charged to its socket (net.core.optmem_max, 20,480 bytes before Linux 6.7), and so is the one that it replaces.
    // Each connection takes at most 64 bytes of a filter.
    static constexpr std::size_t most_left_out = 140;
    // It takes nothing before begin(), and what is there from before is not to be read then.
    // How much there is room for: of a packet `snap` bytes from its link header on, which are less than a frame.
    struct Room {
        std::uint32_t frame = 4096, frames = 1024, snap = 3584;
        int links_below =
            std::numeric_limits<int>::max();  // what leaves by links of higher indices is not taken
        std::vector<int> links_too{};         // but for these, 64 at most
    };
    static Result<PacketTap> open(const NetNs& where, const Room& room);
    static Result<PacketTap> open(const NetNs& where) { return open(where, Room{}); }
    PacketTap(PacketTap&& other) noexcept;
    PacketTap& operator=(PacketTap&&) = delete;
    ~PacketTap();

    Result<void> begin();
    // It takes nothing until begin(). Unlike closing it, that does not wait for the kernel.
    Result<void> end();
    // From now on without the packets of these connections (the last `most_left_out` of them), but for those that open and
    // end them (SYN, FIN, RST); with those of all others.
    Result<void> leave_out(std::span<const Ports> connections);
    // All that is there. Never waits.
    void read(const std::function<void(const TappedPacket&)>& each);
    // How many the kernel had no room for, since this was asked last.
    Result<std::uint64_t> missed();

  private:
    PacketTap(Fd socket, std::span<std::uint8_t> ring, const Room& room)
        : socket_(std::move(socket)), room_(room), ring_(ring) {}

    Fd socket_;
    Room room_;
    std::span<std::uint8_t> ring_;
    std::size_t next_ = 0;  // frame
    bool is_bound_ = false;
};

}  // namespace netcut
