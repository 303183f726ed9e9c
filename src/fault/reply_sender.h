// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "fabric/fabric.h"
#include "fault/plan.h"
#include "kernel/packet_log.h"
#include "kernel/packet_sender.h"

namespace netcut {

// Answers packets that a fault has lost on a bridge, where nftables cannot: by RST or an ICMP error, in the
// name of the host they were for, back through the port they came from.
class ReplySender {
  public:
    static Result<ReplySender> open(const Fabric& fabric);
    Result<void> answer(const LoggedPacket& packet, const FaultPlan& plan);

  private:
    explicit ReplySender(PacketSender sender) : sender_(std::move(sender)) {}
    PacketSender sender_;
};

}  // namespace netcut
