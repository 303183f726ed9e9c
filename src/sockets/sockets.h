// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/error.h"
#include "fabric/fabric.h"
#include "kernel/netlink.h"
#include "kernel/sockdiag.h"
#include "kernel/wait_reader.h"
#include "record/facts.h"

namespace netcut {

// Reads the TCP sockets of nodes again and again: getting into a node's namespace takes longer than reading them.
// Holds one descriptor of each node that was read.
class SocketReader {
  public:
    // `fabric` must outlive it.
    explicit SocketReader(const Fabric& fabric) : fabric_(fabric) {}

    // But for listening ones, as they are now.
    Result<std::vector<TcpSocket>> read(std::size_t node);
    // Ports of UDP to which its programs are bound.
    Result<std::set<std::uint16_t>> read_udp_ports(std::size_t node);
    Result<std::vector<TcpSocket>> read_listening(std::size_t node);
    // With what its threads wait for; `outermost` is its outermost process.
    Result<WaitReading> read_waits(std::size_t node, pid_t outermost);
    // What its TCP tries, where that is not as usual; what read_waits() returns has it.
    void set_tries(std::size_t node, const TcpTries& tries) { tries_[node] = tries; }
    // The node is about to get another network namespace.
    void let_go_of(std::size_t node) { diags_.erase(node); }

  private:
    Result<NetlinkSocket*> diag_of(std::size_t node);
    Result<void> add_neighbours(std::size_t node, NodeWaits& facts) const;

    const Fabric& fabric_;
    std::map<std::size_t, NetlinkSocket> diags_;
    std::map<std::size_t, TcpTries> tries_;
};

// Half-open connections of the fabric's nodes: those that stay so over a few readings, some 10 ms apart.
Result<std::vector<HalfOpen>> sample_half_open(const Fabric& fabric, SocketReader& reader);

}  // namespace netcut
