// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "base/error.h"
#include "fabric/fabric.h"
#include "record/event.h"
#include "record/journal.h"
#include "sockets/sockets.h"

namespace netcut {

// What the journal has of the nodes' sockets. Nodes are given by their index in the fabric.
class SocketNotes {
  public:
    // All must outlive it.
    SocketNotes(const Fabric& fabric, SocketReader& sockets, Journal& journal)
        : fabric_(fabric), sockets_(sockets), journal_(journal) {}

    Result<void> add(SocketMoment moment, const std::vector<std::size_t>& nodes);
    Result<void> add_half_open();
    // Where a node can be reached; once.
    Result<void> add_listening(std::size_t node);

  private:
    const Fabric& fabric_;
    SocketReader& sockets_;
    Journal& journal_;
    bool has_listening_ = false;
};

}  // namespace netcut
