// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "base/error.h"
#include "fabric/fabric.h"
#include "kernel/packet_tap.h"
#include "kernel/sockdiag.h"
#include "recovery/conversations.h"
#include "recovery/first_work.h"
#include "sockets/site_ends.h"

namespace netcut {

// Follows the connections that are opened from a firing on, until all that it stopped has gone on: which of them have
// carried work. Every packet costs the kernel something as long as it does. On the thread of the io_context.
class WorkTap {
  public:
    // `fabric` must outlive it.
    explicit WorkTap(const Fabric& fabric);

    // So that it begins at once.
    Result<void> prepare();

    // As often as somebody begins it must end.
    Result<void> begin();
    Result<void> end();
    // These were there before; nothing is to be found out of them.
    Result<void> leave_out(const std::vector<TcpSocket>& sockets);
    // Takes what has come since it was read last.
    Result<void> read();
    OpenedWork seen(const ConversationKey& key) const;
    // See OpenedConnections::worked().
    const std::vector<ConversationKey>& worked() const { return connections_.worked(); }

  private:
    bool note(const OpenedConnections::Change& change);
    bool leave_out(const PacketTap::Ports& ports);

    const Fabric& fabric_;
    PacketRevealer revealer_;
    std::optional<PacketTap> tap_;
    unsigned users_ = 0;
    std::vector<PacketTap::Ports> left_out_;  // the newest last, no more than a filter has room for
    OpenedConnections connections_;
};

}  // namespace netcut
