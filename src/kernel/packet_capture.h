// SPDX-License-Identifier: Apache-2.0
//
// All packets of all links of a namespace, as they come in and go out, through one memory that the kernel
// writes and we read: packet(7), PACKET_RX_RING with TPACKET_V3
// (Documentation/networking/packet_mmap.rst).
//
// Ownership: a PacketCapture owns its socket and the memory. Threads: one at a time. Links may come and go.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "kernel/netns.h"

namespace netcut {

struct CapturedPacket {
    int link = 0;                         // interface index
    bool outgoing = false;                // the namespace sends it; else it comes in
    Nanoseconds time{0};                  // CLOCK_REALTIME, since the epoch
    std::uint32_t length = 0;             // as it was, from the link header on
    std::span<const std::uint8_t> bytes;  // cut at the snap length; valid during the call
};

class PacketCapture {
  public:
    // `snap_length`: bytes of each packet, from the link header on. As long as it is open the kernel stamps
    // packets as they come in, in all namespaces: nfnetlink_log of Linux 6.1 has no times otherwise.
    static Result<PacketCapture> open(const NetNs& where, std::uint32_t snap_length);

    PacketCapture(PacketCapture&& other) noexcept;
    PacketCapture& operator=(PacketCapture&&) = delete;
    ~PacketCapture();

    // Readable when there is something to read(), which never waits. Packets get there `latest` late at most.
    int fd() const { return socket_.get(); }
    static constexpr std::chrono::milliseconds latest{40};
    // All that is there, in the order in which the kernel saw it.
    void read(const std::function<void(const CapturedPacket&)>& each);
    // How many the kernel had no room for, since this was asked last.
    Result<std::uint64_t> missed();

  private:
    PacketCapture(Fd socket, std::span<std::uint8_t> ring) : socket_(std::move(socket)), ring_(ring) {}

    Fd socket_;
    std::span<std::uint8_t> ring_;
    std::size_t next_block_ = 0;
};

}  // namespace netcut
