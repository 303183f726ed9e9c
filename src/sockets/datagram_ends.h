// SPDX-License-Identifier: Apache-2.0
//
// Whose datagrams were counted, of nodes whose packets others see differently: behind the NAT of a site they come in by the
// node's port under its own address, and leave by the peer's under a public one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fabric/sites.h"
#include "fault/datagram_counters.h"
#include "kernel/address.h"

namespace netcut {

// Adds what passes under public addresses to the ways of the nodes behind them. What cannot be told, since the router knew
// the flow at no reading after the datagrams came, is nobody's. Threads: one at a time.
class DatagramEnds {
  public:
    // Who is behind the public end, in its flow with the other one; none: it is not known.
    using Opener = std::function<std::optional<SiteRouter::End>(const SiteRouter::End& seen,
                                                                const SiteRouter::End& other)>;
    // The counts of all ways since the table was laid, by their seen addresses and by the nodes' own. `behind` tells the
    // site of a public address; `learn` is called for each site whose openers have to be asked, which takes milliseconds: no
    // router forgets a flow that was silent for less than a second, unless it is told to.
    DatagramCounts reveal(const DatagramCounts& seen, Clock::time_point now,
                          const std::function<std::optional<std::size_t>(const IpAddress&)>& behind,
                          const std::function<Opener(std::size_t site)>& learn);
    // So often routers were told to forget.
    void note_forgotten(unsigned times);

  private:
    struct Last {
        DatagramCount count;
        std::optional<DatagramWay> own;
        Clock::time_point grown{};
    };
    std::map<DatagramWay, Last> last_;  // of ways of public addresses
    DatagramCounts revealed_;
    unsigned times_forgotten_ = 0;
};

// The same of these sites; null: nothing is hidden.
Result<DatagramCounts> reveal_ends(Sites* sites, DatagramEnds& ends, DatagramCounts seen);

// Nodes, by their addresses, whose own ports differ at their peers in one of these patterns of bits (`rebind`).
using PortFlips = std::map<IpAddress, std::set<std::uint16_t>>;
// Where a site's router is between: what came there with another port of the node is the flow's that the node has; so is what
// was sent to that port, but for what arrived there. Pure.
void undo_flips(DatagramCounts& counts, const PortFlips& flips);

}  // namespace netcut
