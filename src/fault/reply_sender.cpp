// SPDX-License-Identifier: Apache-2.0
#include "fault/reply_sender.h"

#include <algorithm>

#include "fault/packet.h"

namespace netcut {

Result<ReplySender> ReplySender::open(const Fabric& fabric) {
    NETCUT_ASSIGN(PacketSender sender, PacketSender::open(fabric.router()));
    return ReplySender(std::move(sender));
}

namespace {

std::optional<std::vector<std::uint8_t>> reply_to(const LoggedPacket& packet, const PacketAction& action) {
    if (const Refuse* refuse = std::get_if<Refuse>(&action))
        return craft_unreachable(packet.bytes, refuse->code);
    if (const LoseLarge* large = std::get_if<LoseLarge>(&action))
        return craft_too_big(packet.bytes, large->bytes);
    return craft_reset(packet.bytes);
}

}  // namespace

Result<void> ReplySender::answer(const LoggedPacket& packet, const FaultPlan& plan) {
    constexpr std::size_t mac_bytes = 6;
    if (packet.link_header.size() < 2 * mac_bytes) return {};
    const auto reply = reply_to(packet, plan.action);
    if (!reply) return {};  // it is of a kind that is not answered
    FrameAddresses addresses;
    const auto header = packet.link_header.begin();
    std::copy_n(header, mac_bytes, addresses.source.begin());  // whom it was for
    std::copy_n(header + mac_bytes, mac_bytes, addresses.destination.begin());
    return sender_.send(packet.in_port(), addresses, *reply);
}

}  // namespace netcut
