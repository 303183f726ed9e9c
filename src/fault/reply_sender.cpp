// SPDX-License-Identifier: Apache-2.0
#include "fault/reply_sender.h"

#include <algorithm>

#include "fault/packet.h"

namespace netcut {

Result<ReplySender> ReplySender::open(const Fabric& fabric) {
    NETCUT_ASSIGN(PacketSender sender, PacketSender::open(fabric.router()));
    return ReplySender(std::move(sender));
}

Result<void> ReplySender::answer(const LoggedPacket& packet, const FaultPlan& plan) {
    constexpr std::size_t mac_bytes = 6;
    if (packet.link_header.size() < 2 * mac_bytes) return {};
    const Refuse* refuse = std::get_if<Refuse>(&plan.action);
    const auto reply =
        refuse != nullptr ? craft_unreachable(packet.bytes, refuse->code) : craft_reset(packet.bytes);
    if (!reply) return {};  // it is of a kind that is not answered
    FrameAddresses addresses;
    const auto header = packet.link_header.begin();
    std::copy_n(header, mac_bytes, addresses.source.begin());  // whom it was for
    std::copy_n(header + mac_bytes, mac_bytes, addresses.destination.begin());
    return sender_.send(packet.in_port(), addresses, *reply);
}

}  // namespace netcut
