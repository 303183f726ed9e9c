// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>

#include "fabric/fabric.h"
#include "kernel/sockdiag.h"
#include "recovery/conversations.h"
#include "recovery/work_tap.h"

namespace netcut {

// Whom sockets are connected with, beyond the proxies of sites: a connection to a proxy and the one beyond it are one, between
// their far ends. Where no site has a proxy, each connection is what it seems. On the thread of the io_context.
class RelayedSockets {
  public:
    using Owners = std::map<IpAddress, std::size_t>;  // nodes, by all addresses that they have or had
    // All of them must outlive it.
    RelayedSockets(Fabric& fabric, const WorkTap& tap, const Owners& owners)
        : fabric_(fabric), tap_(tap), owners_(owners) {}

    // Whom packets of a node's connection may be for, by what can be seen at its port: those to a proxy are for anybody beyond
    // it. Nothing in place of a node: somebody else.
    std::vector<std::optional<std::size_t>> peers_at(std::size_t node, const ConversationKey& key) const;
    // The node at the far end.
    std::optional<std::size_t> owner(const TcpSocket& socket) const;
    // The same of a node's own connection, by its name; empty: none of the run's.
    std::string who(const ConversationKey& key) const;
    // Of the other end of this socket, as its node sees the connection.
    ConversationKey key_of_other(const TcpSocket& end) const;
    // What the connection has carried.
    OpenedWork seen_on(const ConversationKey& key) const;
    // Makes of each two connections of the sample one.
    void join(SocketSample& sample) const;

  private:
    Fabric& fabric_;
    const WorkTap& tap_;
    const Owners& owners_;
};

}  // namespace netcut
