// SPDX-License-Identifier: Apache-2.0
//
// fault: what is done to nodes, and the evidence of it. Each fault is prepared when the run starts and fired
// by as little as the kernel allows: for `drop`, one nftables message.
//
// Ownership: both classes refer to the Fabric, which must outlive them. Threads: one at a time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "netcut/fabric.h"

namespace netcut {

enum class CutKind {
    drop,   // nftables loses every packet, silently; addresses and links stay
    down,   // the link goes down at one end
    unplug  // the interface is removed and put back, which is what `docker network disconnect` does
};
enum class Direction { both, up, down };  // up: from the node; down: to the node

struct CutOptions {
    CutKind kind = CutKind::drop;
    std::vector<std::size_t> nodes;         // indices in the fabric
    Direction direction = Direction::both;  // of `drop` alone; the other kinds always lose both
    LinkEnd down_end = LinkEnd::node;       // of `down` alone
    PlugOptions plug;                       // of `unplug` alone
    std::optional<Nanoseconds> duration;    // none: it never heals
};

// What passed and what was lost at one node's port, since the table was laid. Data packets are TCP segments
// with a payload and UDP datagrams; bare acknowledgements, SYN, FIN and ICMP are not data.
struct PortCounters {
    CounterValue lost_up, lost_down;
    CounterValue data_up, data_down;
};

// The router's nftables table: the sets that cuts fire into, and the counters that prove them.
class FaultTable {
  public:
    // Whether this kernel lets us use nftables; `apart` is a namespace where that harms nobody.
    static Result<void> probe(const NetNs& apart);
    // `nodes`: those that faults may be done to; only they are counted.
    static Result<FaultTable> lay(Fabric& fabric, const std::vector<std::size_t>& nodes);

    // Messages that lose nodes' packets by port (their links stay), or by address (they have no link).
    // The lease is kept by the kernel: the cut ends on time with nobody there to end it. A link that is gone
    // cannot come back by itself, so there is none by address.
    Batch lose_at_ports(const std::vector<std::size_t>& nodes, Direction direction,
                        std::optional<Nanoseconds> lease) const;
    Batch lose_by_address(const std::vector<IpAddress>& addresses) const;
    // One batch for each element, since one that the kernel has dropped by itself must not keep the others.
    std::vector<Batch> pass_at_port(std::size_t node, Direction direction) const;
    std::vector<Batch> pass_by_address(const std::vector<IpAddress>& addresses) const;

    Result<void> commit(Batch& batch) { return socket_.commit(batch); }
    // As commit, but what is not there any more is no error.
    Result<void> commit_if_there(std::vector<Batch>& batches);
    // Counts losses towards these addresses for the node (it may have come back with new ones).
    Result<void> count_addresses(std::size_t node, const std::vector<IpAddress>& addresses);

    Result<std::map<std::size_t, PortCounters>> read();
    Result<bool> is_losing_at_port(std::size_t node, Direction direction);

  private:
    FaultTable(std::uint8_t family, NetlinkSocket socket) : family_(family), socket_(std::move(socket)) {}

    std::uint8_t family_;
    NetlinkSocket socket_;
    std::vector<std::size_t> nodes_;
    std::map<std::size_t, std::uint32_t> ports_;  // interface indices
};

// How many packets one cut lost on one node, and where.
struct Losses {
    std::uint64_t up = 0;          // dropped in the router, from the node
    std::uint64_t down = 0;        // dropped in the router, to the node
    std::uint64_t unsendable = 0;  // the node's own stack had no route or no link for them
    std::uint64_t total() const { return up + down + unsendable; }
};

class Cut {
  public:
    static Result<Cut> prepare(Fabric& fabric, FaultTable& table, const CutOptions& options);

    const CutOptions& options() const { return options_; }
    bool active() const { return active_; }
    // Firing what is active, or healing what is not, changes nothing.
    Result<void> fire();
    Result<void> heal();
    // Whether the kernel holds the cut, read back from it.
    Result<bool> in_effect();
    // What the cut lost since it was fired; once more after heal(), and no further.
    Result<std::map<std::size_t, Losses>> losses();

  private:
    Cut(Fabric& fabric, FaultTable& table, CutOptions options)
        : fabric_(&fabric), table_(&table), options_(std::move(options)) {}
    Result<void> start_counting();
    Result<void> disconnect();
    Result<void> heal_on(std::size_t node);
    Result<std::map<std::size_t, Losses>> count();
    Result<std::uint64_t> count_unsent(std::size_t node);

    Fabric* fabric_;
    FaultTable* table_;
    CutOptions options_;
    Batch fire_;  // of `drop`, built beforehand
    std::map<std::size_t, Losses> base_;
    bool active_ = false;
};

}  // namespace netcut
