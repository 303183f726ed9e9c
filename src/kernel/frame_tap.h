// SPDX-License-Identifier: Apache-2.0
//
// Whole frames that a namespace sends by one of its links, each as soon as it is sent, through memory that the kernel writes and
// we read: packet(7), PACKET_RX_RING with TPACKET_V2 and PACKET_VNET_HDR.
//
// Ownership: a FrameTap owns its socket and the memory. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"

namespace netcut {

// What is left to be computed of a frame: virtio_net_hdr, which linux/virtio_net.h does not let C++ include.
struct FrameOffload {
    static constexpr std::uint8_t needs_checksum = 1;  // VIRTIO_NET_HDR_F_NEEDS_CSUM
    std::uint8_t flags = 0, gso_type = 0;
    std::uint16_t header_bytes = 0, gso_bytes = 0;
    // Bytes from the frame's first one: what is summed up begins there, and the checksum is this far behind.
    std::uint16_t checksum_start = 0, checksum_offset = 0;
};

struct TappedFrame {
    Nanoseconds time{0};            // CLOCK_REALTIME, since the epoch, when it was sent
    FrameOffload offload;           // what of it is left to be computed
    std::span<std::uint8_t> bytes;  // from the link header on; ours until pop()
    std::size_t network = 0;        // where its network header begins
    bool whole = true;              // false: it is longer than there was room for
};

class FrameTap {
  public:
    // In the calling thread's namespace. `memory`: bytes, of which each frame takes up the next power of two above its size.
    static Result<FrameTap> open(int link, unsigned mtu, std::size_t memory);
    FrameTap(FrameTap&& other) noexcept;
    FrameTap& operator=(FrameTap&&) = delete;
    ~FrameTap();

    int fd() const { return socket_.get(); }  // readable when there is a frame
    // The next one, in the order in which they were sent. Never waits.
    std::optional<TappedFrame> peek();
    void pop();  // of the one that peek() has seen
    // How many the kernel had no room for, since this was asked last.
    Result<std::uint64_t> missed();

  private:
    FrameTap(Fd socket, std::span<std::uint8_t> ring, std::size_t frame)
        : socket_(std::move(socket)), ring_(ring), frame_(frame) {}
    std::uint8_t* at() { return ring_.data() + next_ * frame_; }

    Fd socket_;
    std::span<std::uint8_t> ring_;
    std::size_t frame_;  // bytes of each place
    std::size_t next_ = 0;
};

}  // namespace netcut
