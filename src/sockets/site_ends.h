// SPDX-License-Identifier: Apache-2.0
//
// Ends of connections behind the NAT of a site: what a socket has for its remote end is the site's public address, and the
// site's router knows which node that is.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fabric/sites.h"
#include "kernel/sockdiag.h"
#include "kernel/wait_facts.h"
#include "sockets/half_open.h"

namespace netcut {

// Remote ends become those of the nodes, where the routers have ever been asked about the connection.
Result<void> reveal_ends(Sites& sites, std::vector<TcpSocket>& sockets);
// Those of a node at a proxy become those of a connection to where it connects them.
Result<void> reveal_ends(Sites& sites, NodeWaits& facts);

// Packets of TCP as they leave the router: what is from the public address of a site is given the node's own.
class PacketRevealer {
  public:
    // `sites` must outlive it; null: there are none.
    explicit PacketRevealer(Sites* sites) : sites_(sites) {}
    // Valid until the next call.
    std::span<const std::uint8_t> reveal(std::span<const std::uint8_t> packet);

  private:
    const SiteRouter::End* find(std::size_t site, const SiteRouter::End& seen, const SiteRouter::End& other);

    Sites* sites_;
    std::vector<std::uint8_t> revealed_;
    Clock::time_point asked_{};
};

// Ends of nodes at a proxy become those of a connection to where it connects them.
void join_relayed(const Sites& sites, std::vector<NodeSockets>& nodes);

// Of the nodes of a fabric with these sites: leaves out sockets whose other end may be one that nobody could reveal, and that one
// itself. Nothing can be said of them. `site_of` is by the place in `nodes`.
void leave_out_hidden(const Sites& sites, const std::vector<std::optional<std::size_t>>& site_of,
                      std::vector<NodeSockets>& nodes);

}  // namespace netcut
