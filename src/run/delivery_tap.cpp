// SPDX-License-Identifier: Apache-2.0
#include "run/delivery_tap.h"

#include "fabric/addresses.h"
#include "fault/packet.h"

namespace netcut {
namespace {

// Headers alone. There is room for what a second of 10 Gbit/s takes in whole segments of 64 KiB, and for 20 ms of single ones.
const PacketTap::Room delivery_room{
    .frame = 256, .frames = 32 * 1024, .snap = 128, .links_below = first_site_link};
constexpr Nanoseconds between_reads = std::chrono::milliseconds(10);

}  // namespace

Result<std::unique_ptr<DeliveryTap>> DeliveryTap::start(Timers& timers, const Fabric& fabric,
                                                        Nanoseconds begin, Observer observer) {
    NETCUT_ASSIGN(PacketTap tap, PacketTap::open(fabric.router(), delivery_room));
    std::unique_ptr<DeliveryTap> started(
        new DeliveryTap(timers, std::move(tap), fabric.sites(), begin, std::move(observer)));
    NETCUT_TRY(started->tap_.begin());
    started->read_again_soon();
    return started;
}

DeliveryTap::DeliveryTap(Timers& timers, PacketTap tap, Sites* sites, Nanoseconds begin, Observer observer)
    : tap_(std::move(tap)),
      revealer_(sites),
      begin_(begin),
      observer_(std::move(observer)),
      follower_(
          [this](const std::string& node, const event::Delivered& what) { observer_.delivered(node, what); }),
      timers_(timers),
      timer_(timers.make()) {}

void DeliveryTap::own(const std::vector<std::string>& addresses, const std::string& node) {
    for (const std::string& address : addresses) follower_.own(address, node);
}

void DeliveryTap::read_again_soon() {
    timer_->at(timers_.now() + between_reads, [this] {
        read();
        read_again_soon();
    });
}

void DeliveryTap::read() {
    tap_.read([this](const TappedPacket& packet) {
        if (const auto header = parse_packet(revealer_.reveal(packet.bytes)))
            follower_.take(*header, packet.time - begin_);
    });
    const auto missed = tap_.missed();
    if (!missed) return observer_.failed(missed.error());
    if (*missed > 0) observer_.missed(*missed);
}

void DeliveryTap::finish() {
    timer_->cancel();
    read();
    follower_.finish();
    if (!follower_.is_exact()) observer_.missed(0);
    if (auto ended = tap_.end(); !ended) observer_.failed(std::move(ended).error());
}

}  // namespace netcut
