// SPDX-License-Identifier: Apache-2.0
#include "kernel/packet_capture.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>

namespace netcut {
namespace {

constexpr std::size_t block_bytes = 1 << 20;
constexpr std::size_t blocks = 32;

constexpr const char* hint = "this kernel may lack packet sockets (CONFIG_PACKET)";

template <typename T>
Result<void> set(int fd, int level, int option, const T& value, const char* attempt) {
    if (::setsockopt(fd, level, option, &value, sizeof(value)) == 0) return {};
    return system_failure(attempt, hint);
}

// The number of bytes that a packet filter returns is how much is kept.
Result<void> set_snap_length(int fd, std::uint32_t bytes) {
    sock_filter keep = BPF_STMT(BPF_RET | BPF_K, bytes);
    const sock_fprog filter{1, &keep};
    return set(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, "set how much of a packet is captured");
}

Result<void> make_ring(int fd) {
    const int version = TPACKET_V3;
    NETCUT_TRY(set(fd, SOL_PACKET, PACKET_VERSION, version, "capture packets by TPACKET_V3"));
    tpacket_req3 request{};
    request.tp_block_size = block_bytes;
    request.tp_block_nr = blocks;
    request.tp_frame_size = TPACKET_ALIGNMENT << 7;  // checked, and of no effect in this version
    request.tp_frame_nr = block_bytes / request.tp_frame_size * blocks;
    request.tp_retire_blk_tov = static_cast<unsigned>(PacketCapture::latest.count() / 2);
    return set(fd, SOL_PACKET, PACKET_RX_RING, request, "get memory for captured packets");
}

// A socket without a protocol receives nothing, so that there is no packet from before the ring.
Result<Fd> open_socket(std::uint32_t snap_length) {
    Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (!fd) return system_failure("open a packet socket", hint);
    NETCUT_TRY(set_snap_length(fd.get(), snap_length));
    NETCUT_TRY(make_ring(fd.get()));
    const int on = 1;
    NETCUT_TRY(set(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, on, "have packets stamped as they come in"));
    sockaddr_ll all{};
    all.sll_family = AF_PACKET;
    all.sll_protocol = htons(ETH_P_ALL);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&all), sizeof(all)) != 0)
        return system_failure("capture packets", hint);
    return fd;
}

CapturedPacket packet_at(const std::uint8_t* at) {
    const auto* header = reinterpret_cast<const tpacket3_hdr*>(at);
    const auto* from = reinterpret_cast<const sockaddr_ll*>(at + TPACKET_ALIGN(sizeof(tpacket3_hdr)));
    return {from->sll_ifindex,
            from->sll_pkttype == PACKET_OUTGOING,
            std::chrono::seconds(header->tp_sec) + Nanoseconds(header->tp_nsec),
            header->tp_len,
            {at + header->tp_mac, header->tp_snaplen}};
}

}  // namespace

Result<PacketCapture> PacketCapture::open(const NetNs& where, std::uint32_t snap_length) {
    Fd socket;
    NETCUT_TRY(where.run([&]() -> Result<void> {
        NETCUT_ASSIGN(socket, open_socket(snap_length));
        return {};
    }));
    constexpr std::size_t size = block_bytes * blocks;
    void* ring = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, socket.get(), 0);
    if (ring == MAP_FAILED) return system_failure("map the memory of captured packets");
    return PacketCapture(std::move(socket), {static_cast<std::uint8_t*>(ring), size});
}

PacketCapture::PacketCapture(PacketCapture&& other) noexcept
    : socket_(std::move(other.socket_)),
      ring_(std::exchange(other.ring_, {})),
      next_block_(other.next_block_) {}

PacketCapture::~PacketCapture() {
    if (!ring_.empty()) ::munmap(ring_.data(), ring_.size());
}

void PacketCapture::read(const std::function<void(const CapturedPacket&)>& each) {
    for (std::size_t i = 0; i < blocks; ++i) {
        std::uint8_t* at = ring_.data() + next_block_ * block_bytes;
        auto& header = reinterpret_cast<tpacket_block_desc*>(at)->hdr.bh1;
        const std::atomic_ref<std::uint32_t> status(header.block_status);
        if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return;
        const std::uint8_t* packet = at + header.offset_to_first_pkt;
        for (std::uint32_t left = header.num_pkts; left > 0; --left) {
            each(packet_at(packet));
            packet += reinterpret_cast<const tpacket3_hdr*>(packet)->tp_next_offset;
        }
        status.store(TP_STATUS_KERNEL, std::memory_order_release);
        next_block_ = (next_block_ + 1) % blocks;
    }
}

Result<std::uint64_t> PacketCapture::missed() {
    tpacket_stats_v3 statistics{};
    socklen_t size = sizeof(statistics);
    if (::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0)
        return system_failure("ask how many packets were not captured");
    return std::uint64_t{statistics.tp_drops};
}

}  // namespace netcut
