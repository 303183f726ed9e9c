// SPDX-License-Identifier: Apache-2.0
#include "kernel/packet_tap.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>

namespace netcut {
namespace {

constexpr std::uint32_t tap_block = 64 * 1024;
constexpr std::uint32_t tcp_flags_at = 13, tcp_syn = 2, tcp_fin = 1, tcp_rst = 4;
constexpr std::uint32_t at_network = static_cast<std::uint32_t>(SKF_NET_OFF);

constexpr const char* tap_hint = "this kernel may lack packet sockets (CONFIG_PACKET)";

Result<void> set_tap(int fd, int option, const void* value, socklen_t size, const char* attempt) {
    if (::setsockopt(fd, option == SO_ATTACH_FILTER ? SOL_SOCKET : SOL_PACKET, option, value, size) == 0)
        return {};
    return system_failure(attempt, tap_hint);
}

void add_statement(std::vector<sock_filter>& program, unsigned code, std::uint32_t value) {
    program.push_back(BPF_STMT(static_cast<std::uint16_t>(code), value));
}

// What is not equal is dropped.
void must_be(std::vector<sock_filter>& program, std::uint32_t value) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
    add_statement(program, BPF_RET | BPF_K, 0);
}

// Drops what is of these connections, either way. A jump goes 255 statements far.
constexpr std::size_t most_jumps = 240;
void add_left_out(std::vector<sock_filter>& program, std::span<const PacketTap::Ports> connections) {
    std::size_t to_drop = 2 * connections.size();
    for (const auto& [one, other] : connections)
        for (const auto& [from, to] : {std::pair(one, other), std::pair(other, one)})
            program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, std::uint32_t{from} << 16 | to,
                                       static_cast<std::uint8_t>(to_drop--), 0));
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, 1));
    add_statement(program, BPF_RET | BPF_K, 0);
}

// Of IPv4 without options, of IPv6 without extension headers: others are never left out.
void add_family(std::vector<sock_filter>& program, std::uint32_t protocol_at, std::uint32_t header,
                std::span<const PacketTap::Ports> left_out, std::uint32_t tap_snap) {
    add_statement(program, BPF_LD | BPF_B | BPF_ABS, at_network + protocol_at);
    must_be(program, IPPROTO_TCP);
    // The same ports may be another connection's, and how one ended says what it has carried.
    add_statement(program, BPF_LD | BPF_B | BPF_ABS, at_network + header + tcp_flags_at);
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, tcp_syn | tcp_fin | tcp_rst, 0, 1));
    add_statement(program, BPF_RET | BPF_K, tap_snap);
    add_statement(program, BPF_LD | BPF_W | BPF_ABS, at_network + header);
    for (; !left_out.empty(); left_out = left_out.subspan(std::min(left_out.size(), most_jumps / 2)))
        add_left_out(program, left_out.first(std::min(left_out.size(), most_jumps / 2)));
    add_statement(program, BPF_RET | BPF_K, tap_snap);
}

Result<void> attach_filter(int fd, std::span<const PacketTap::Ports> left_out, const PacketTap::Room& room) {
    std::vector<sock_filter> v4, v6, program;
    add_family(v4, 9, 20, left_out, room.snap);
    add_family(v6, 6, 40, left_out, room.snap);
    add_statement(program, BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_IFINDEX));
    std::size_t over = room.links_too.size() + 1;
    for (const int link : room.links_too)
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(link),
                                   static_cast<std::uint8_t>(over--), 0));
    program.push_back(
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, static_cast<std::uint32_t>(room.links_below), 0, 1));
    add_statement(program, BPF_RET | BPF_K, 0);
    add_statement(program, BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE));
    must_be(program, PACKET_OUTGOING);
    add_statement(program, BPF_LD | BPF_W | BPF_ABS,
                  static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 1));
    program.push_back(BPF_STMT(BPF_JMP | BPF_JA, 2));
    must_be(program, ETH_P_IPV6);
    // Over the rest of IPv6 to IPv4: what comes first is told apart by a jump of any length.
    program[program.size() - 3].k = 2 + static_cast<std::uint32_t>(v6.size());
    program.insert(program.end(), v6.begin(), v6.end());
    program.insert(program.end(), v4.begin(), v4.end());
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    return set_tap(fd, SO_ATTACH_FILTER, &filter, sizeof(filter), "choose which packets are tapped");
}

Result<Fd> open_tap(const PacketTap::Room& room) {
    Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (!fd) return system_failure("open a packet socket", tap_hint);
    NETCUT_TRY(attach_filter(fd.get(), {}, room));
    const int version = TPACKET_V2;
    NETCUT_TRY(set_tap(fd.get(), PACKET_VERSION, &version, sizeof(version), "tap packets by TPACKET_V2"));
    tpacket_req request{};
    request.tp_block_size = tap_block;
    request.tp_block_nr = room.frames * room.frame / tap_block;
    request.tp_frame_size = room.frame;
    request.tp_frame_nr = room.frames;
    NETCUT_TRY(set_tap(fd.get(), PACKET_RX_RING, &request, sizeof(request), "get memory for tapped packets"));
    return fd;
}

}  // namespace

Result<PacketTap> PacketTap::open(const NetNs& where, const Room& room) {
    Fd socket;
    NETCUT_TRY(where.run([&]() -> Result<void> {
        NETCUT_ASSIGN(socket, open_tap(room));
        return {};
    }));
    const std::size_t size = std::size_t{room.frames} * room.frame;
    void* ring = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, socket.get(), 0);
    if (ring == MAP_FAILED) return system_failure("map the memory of tapped packets");
    return PacketTap(std::move(socket), {static_cast<std::uint8_t*>(ring), size}, room);
}

PacketTap::PacketTap(PacketTap&& other) noexcept
    : socket_(std::move(other.socket_)),
      room_(std::move(other.room_)),
      ring_(std::exchange(other.ring_, {})),
      next_(other.next_),
      is_bound_(other.is_bound_) {}

PacketTap::~PacketTap() {
    if (!ring_.empty()) ::munmap(ring_.data(), ring_.size());
}

Result<void> PacketTap::begin() {
    read([](const TappedPacket&) {});
    NETCUT_TRY(missed());
    NETCUT_TRY(attach_filter(socket_.get(), {}, room_));
    if (std::exchange(is_bound_, true)) return {};
    sockaddr_ll all{};
    all.sll_family = AF_PACKET;
    all.sll_protocol = htons(ETH_P_ALL);
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&all), sizeof(all)) != 0)
        return system_failure("tap packets", tap_hint);
    return {};
}

Result<void> PacketTap::end() {
    sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog filter{1, &nothing};
    return set_tap(socket_.get(), SO_ATTACH_FILTER, &filter, sizeof(filter), "tap no more packets");
}

Result<void> PacketTap::leave_out(std::span<const Ports> connections) {
    return attach_filter(socket_.get(), connections.last(std::min(connections.size(), most_left_out)), room_);
}

void PacketTap::read(const std::function<void(const TappedPacket&)>& each) {
    for (std::uint32_t i = 0; i < room_.frames; ++i) {
        std::uint8_t* at = ring_.data() + next_ * room_.frame;
        auto& header = *reinterpret_cast<tpacket2_hdr*>(at);
        const std::atomic_ref<std::uint32_t> status(header.tp_status);
        if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return;
        const std::size_t link_header = header.tp_net - header.tp_mac;
        if (header.tp_snaplen > link_header)
            each({std::chrono::seconds(header.tp_sec) + Nanoseconds(header.tp_nsec),
                  {at + header.tp_net, header.tp_snaplen - link_header}});
        status.store(TP_STATUS_KERNEL, std::memory_order_release);
        next_ = (next_ + 1) % room_.frames;
    }
}

Result<std::uint64_t> PacketTap::missed() {
    tpacket_stats statistics{};
    socklen_t size = sizeof(statistics);
    if (::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0)
        return system_failure("ask how many packets were not tapped");
    return std::uint64_t{statistics.tp_drops};
}

}  // namespace netcut
