// SPDX-License-Identifier: Apache-2.0
#include "fabric/access.h"

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "fabric/addresses.h"
#include "fabric/ready.h"
#include "kernel/queue.h"
#include "kernel/queue_counts.h"
#include "kernel/rate.h"
#include "link/rate.h"

namespace netcut {
namespace {

// Not the indices of the other ends, see eth0_index in fabric.cpp.
constexpr int first_up = 10'000, first_down = 20'000;

// A frame for MAC control, which no bridge and no host passes on (IEEE 802.1D, 7.12.6), and of the least length.
constexpr MacAddress nobody{0x01, 0x80, 0xc2, 0x00, 0x00, 0x01};
constexpr std::array<std::uint8_t, 1> kick_payload{};
constexpr std::uint64_t kick_bytes = ETH_HLEN + kick_payload.size();
// A packet that waits for longer than that at a rate is not left to do so when the rate changes.
constexpr double short_wait_s = 1e-3;

int index_of(std::size_t node, bool up) {
    return (up ? first_up : first_down) + static_cast<int>(node);
}

bool leaves_waiting(const BucketRate& pace, unsigned mtu) {
    return (mtu + ethernet_header) / static_cast<double>(std::max<std::uint64_t>(pace.bytes_per_second, 1)) >
           short_wait_s;
}

// What it says of links that are unplugged.
bool is_gone(const Error& error) {
    return error.code == ENODEV;
}

LinkCount sum_of(const LinkCount& before, const QueueCount& count, std::uint64_t kicks) {
    const std::uint64_t ours = kicks * kick_bytes;
    return {before.bytes + (count.bytes > ours ? count.bytes - ours : 0), before.lost + count.lost,
            count.waiting};
}

}  // namespace

Access::Access(std::vector<std::optional<AccessLink>> links, unsigned mtu, bool single_segments, NetNs ns,
               NetlinkSocket socket, PacketSender sender)
    : mtu_(mtu),
      single_segments_(single_segments),
      ns_(std::move(ns)),
      socket_(std::move(socket)),
      sender_(std::move(sender)) {
    links_.reserve(links.size());
    for (auto& spec : links) links_.push_back({.spec = std::move(spec)});
}

Result<std::unique_ptr<Access>> Access::open(std::vector<std::optional<AccessLink>> links, unsigned mtu,
                                             bool single_segments) {
    const std::vector<std::pair<std::string, std::string>> silence = {
        {"net/ipv6/conf/default/disable_ipv6", "1"}};
    NETCUT_ASSIGN(NetNs ns, NetNs::create([&]() -> Result<void> {
                      if (::access("/proc/sys/net/ipv6", F_OK) != 0) return {};
                      return set_sysctls(silence);
                  }));
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE, &ns));
    NETCUT_ASSIGN(PacketSender sender, PacketSender::open(ns));
    return std::unique_ptr<Access>(new Access(std::move(links), mtu, single_segments, std::move(ns),
                                              std::move(socket), std::move(sender)));
}

VethEnd Access::to_router(std::size_t node) const {
    return {fmt::format("up{}", node), index_of(node, true),
            mac_of(MacKind::access_up, static_cast<std::uint32_t>(node))};
}

void Access::append_queue(Batch& batch, std::size_t node, bool up) const {
    const Link& link = links_[node];
    const Direction& direction = up ? link.up : link.down;
    const auto& room = up ? link.spec->up : link.spec->down;
    if (!direction.pace || !room) return;
    RateLimit rate;
    rate.bits_per_second = direction.pace->bytes_per_second * 8;
    rate.burst_bytes = direction.pace->burst;
    rate.queue_bytes = *room;
    rate.mtu = mtu_;
    set_rate(batch, index_of(node, up), rate);
}

Result<void> Access::join(std::size_t node, const VethEnd& eth0, const NetNs& node_ns) {
    const std::lock_guard lock(mutex_);
    const VethEnd here{fmt::format("to{}", node), index_of(node, false),
                       mac_of(MacKind::access_down, static_cast<std::uint32_t>(node))};
    Batch batch;
    add_veth(batch, here, eth0, node_ns, mtu_);
    set_link(batch, index_of(node, true), true);
    relay(batch, index_of(node, true), here.index);
    relay(batch, here.index, index_of(node, true));
    for (const bool up : {true, false}) {
        if (single_segments_) set_gso_max_segs(batch, index_of(node, up), 1);
        append_queue(batch, node, up);
    }
    NETCUT_TRY(socket_.commit(batch));
    links_[node].joined = true;
    return {};
}

Result<void> Access::leave(std::span<const std::size_t> nodes) {
    const std::lock_guard lock(mutex_);
    NETCUT_TRY(read_counts());
    Batch batch;
    for (const std::size_t node : nodes) {
        if (!has(node) || !std::exchange(links_[node].joined, false)) continue;
        for (Direction* direction : {&links_[node].up, &links_[node].down}) {
            direction->before = direction->now;
            direction->kicks = 0;
        }
        delete_link(batch, index_of(node, false));
    }
    return batch.empty() ? Result<void>() : socket_.commit(batch);
}

Result<bool> Access::are_running(std::span<const std::size_t> nodes) {
    const std::lock_guard lock(mutex_);
    std::set<int> wanted;
    for (const std::size_t node : nodes)
        if (has(node)) wanted.insert({index_of(node, true), index_of(node, false)});
    return netcut::are_running(socket_, wanted);
}

void Access::kick(std::size_t node, bool up) {
    Direction& direction = up ? links_[node].up : links_[node].down;
    const FrameAddresses addresses{mac_of(MacKind::access_up, static_cast<std::uint32_t>(node)), nobody};
    // A queue that is full needs none: what comes next kicks it, or what was sent before has.
    if (sender_.send(index_of(node, up), addresses, ETH_P_PAUSE, kick_payload)) ++direction.kicks;
}

// A bucket that waits for a packet's turn at its old rate does so when the rate has changed, unless something is put into its
// queue.
Result<void> Access::set(std::span<const Change> changes) {
    const std::lock_guard lock(mutex_);
    Batch batch;
    std::vector<Change> waiting;
    for (const Change& change : changes) {
        Link& link = links_[change.node];
        Direction& direction = change.up ? link.up : link.down;
        const auto before = std::exchange(direction.pace, change.pace);
        if (!link.joined) continue;
        append_queue(batch, change.node, change.up);
        if (before && leaves_waiting(*before, mtu_) && !change.pace.holds()) waiting.push_back(change);
    }
    if (batch.empty()) return {};
    // Links can go at any time by way of their other ends; the others have been set all the same.
    if (auto set = socket_.commit(batch); !set && !is_gone(set.error())) return set;
    for (const Change& change : waiting) kick(change.node, change.up);
    return {};
}

Result<void> Access::read_counts() {
    NETCUT_ASSIGN(const auto counts, count_queues(socket_));
    for (std::size_t node = 0; node < links_.size(); ++node)
        for (const bool up : {true, false}) {
            Direction& direction = up ? links_[node].up : links_[node].down;
            const auto found = counts.find(index_of(node, up));
            if (found != counts.end())
                direction.now = sum_of(direction.before, found->second, direction.kicks);
        }
    return {};
}

Result<std::vector<Access::Counts>> Access::count() {
    const std::lock_guard lock(mutex_);
    NETCUT_TRY(read_counts());
    std::vector<Counts> all;
    all.reserve(links_.size());
    for (const Link& link : links_) all.push_back({link.up.now, link.down.now});
    return all;
}

}  // namespace netcut
