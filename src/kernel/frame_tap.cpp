// SPDX-License-Identifier: Apache-2.0
#include "kernel/frame_tap.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

namespace netcut {
namespace {

constexpr const char* frame_hint = "this kernel may lack packet sockets (CONFIG_PACKET)";
constexpr std::size_t offload_bytes = sizeof(FrameOffload);
constexpr std::size_t least_block = 64 * 1024;

template <typename T>
Result<void> set_frames(int fd, int option, const T& value, const char* attempt) {
    if (::setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) == 0) return {};
    return system_failure(attempt, frame_hint);
}

// With the ring's own header, the link's, and what the kernel aligns.
std::size_t place_for(unsigned mtu) {
    constexpr std::size_t headers = 200;
    return std::bit_ceil(std::size_t{mtu} + headers);
}

}  // namespace

Result<FrameTap> FrameTap::open(int link, unsigned mtu, std::size_t memory) {
    Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (!fd) return system_failure("open a packet socket", frame_hint);
    const std::size_t frame = place_for(mtu);
    const std::size_t block = std::max(frame, least_block);
    const std::size_t blocks = std::max<std::size_t>(memory / block, 1), frames = blocks * (block / frame);
    NETCUT_TRY(set_frames(fd.get(), PACKET_VERSION, int{TPACKET_V2}, "tap frames by TPACKET_V2"));
    NETCUT_TRY(set_frames(fd.get(), PACKET_VNET_HDR, int{1}, "learn what is left to compute of frames"));
    tpacket_req request{};
    request.tp_block_size = static_cast<unsigned>(block);
    request.tp_block_nr = static_cast<unsigned>(blocks);
    request.tp_frame_size = static_cast<unsigned>(frame);
    request.tp_frame_nr = static_cast<unsigned>(frames);
    NETCUT_TRY(set_frames(fd.get(), PACKET_RX_RING, request, "get memory for tapped frames"));
    void* ring = ::mmap(nullptr, frames * frame, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (ring == MAP_FAILED) return system_failure("map the memory of tapped frames");
    FrameTap tap(std::move(fd), {static_cast<std::uint8_t*>(ring), frames * frame}, frame);
    sockaddr_ll from{};
    from.sll_family = AF_PACKET;
    from.sll_protocol = htons(ETH_P_ALL);
    from.sll_ifindex = link;
    if (::bind(tap.fd(), reinterpret_cast<const sockaddr*>(&from), sizeof(from)) != 0)
        return system_failure("tap frames", frame_hint);
    return tap;
}

FrameTap::FrameTap(FrameTap&& other) noexcept
    : socket_(std::move(other.socket_)),
      ring_(std::exchange(other.ring_, {})),
      frame_(other.frame_),
      next_(other.next_) {}

FrameTap::~FrameTap() {
    if (!ring_.empty()) ::munmap(ring_.data(), ring_.size());
}

std::optional<TappedFrame> FrameTap::peek() {
    auto& header = *reinterpret_cast<tpacket2_hdr*>(at());
    const std::atomic_ref<std::uint32_t> status(header.tp_status);
    if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return {};
    TappedFrame frame;
    frame.time = std::chrono::seconds(header.tp_sec) + Nanoseconds(header.tp_nsec);
    std::memcpy(&frame.offload, at() + header.tp_mac - offload_bytes, offload_bytes);
    frame.bytes = {at() + header.tp_mac, header.tp_snaplen};
    frame.network = std::size_t{header.tp_net} - header.tp_mac;
    frame.whole = header.tp_snaplen == header.tp_len;
    return frame;
}

void FrameTap::pop() {
    auto& header = *reinterpret_cast<tpacket2_hdr*>(at());
    std::atomic_ref<std::uint32_t>(header.tp_status).store(TP_STATUS_KERNEL, std::memory_order_release);
    next_ = (next_ + 1) % (ring_.size() / frame_);
}

Result<std::uint64_t> FrameTap::missed() {
    tpacket_stats statistics{};
    socklen_t size = sizeof(statistics);
    if (::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0)
        return system_failure("ask how many frames were not tapped");
    return std::uint64_t{statistics.tp_drops};
}

}  // namespace netcut
