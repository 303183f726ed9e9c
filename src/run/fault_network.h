// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fault/data_counters.h"
#include "fault/network_fault.h"
#include "fault/plan.h"
#include "fault/table.h"
#include "hold/hold_queue.h"
#include "recovery/work_tap.h"
#include "run/fault_numbers.h"
#include "run/fault_packets.h"
#include "run/run_context.h"
#include "sockets/sockets.h"

namespace netcut {

// The network as the faults of a run see it: the table in which they are laid, and what tells them of packets and
// connections. The seam where tests put a network that does what they say. Faults are given by their index in the scenario,
// nodes by theirs in the fabric.
class FaultNetwork {
  public:
    virtual ~FaultNetwork() = default;
    // Before the nodes run: the rules of all faults.
    virtual Result<void> lay(std::vector<FaultPlan> plans) = 0;
    // One more, while the others act: see FaultTable::add().
    virtual Result<void> add(const FaultPlan& plan) = 0;
    // The following are of faults that were laid or added.
    virtual Result<std::unique_ptr<NetworkFault>> prepare(std::size_t fault) = 0;
    // Who follows the connections of a fault's nodes.
    virtual std::unique_ptr<FiringWatch> watch(std::size_t fault) = 0;
    // From now on `observer` is called for packets that were moments, and packets that need an answer get it.
    virtual Result<void> watch_packets(FaultPackets::Observer observer) = 0;
    // The journal has how many packets were missed, of those that are watched or held.
    virtual void finish_packets() = 0;
    // What has passed at the node's port so far.
    virtual Result<DataCounters> read_data(std::size_t node) = 0;
};

// The kernel's.
class KernelFaultNetwork : public FaultNetwork {
  public:
    // All must outlive it.
    KernelFaultNetwork(const RunContext& run, Fabric& fabric, SocketReader& sockets)
        : run_(run), fabric_(fabric), sockets_(sockets), tap_(fabric) {}

    Result<void> lay(std::vector<FaultPlan> plans) override;
    Result<void> add(const FaultPlan& plan) override { return table_->add(fabric_, plan); }
    Result<std::unique_ptr<NetworkFault>> prepare(std::size_t fault) override;
    std::unique_ptr<FiringWatch> watch(std::size_t fault) override;
    Result<void> watch_packets(FaultPackets::Observer observer) override;
    void finish_packets() override;
    Result<DataCounters> read_data(std::size_t node) override { return table_->read_data(node); }
    // What the rules of each fault have done, in all firings together.
    Result<std::vector<NodeHits>> read_hits();
    // From now on the delay and loss of links are as their traces say.
    Result<void> begin_links();
    // Packets of a link so far that its trace could lose. Threads: any, once faults are laid.
    HeldCount held(std::size_t node, bool up) const;

  private:
    const RunContext& run_;
    Fabric& fabric_;
    SocketReader& sockets_;
    WorkTap tap_;
    std::optional<FaultTable> table_;
    FaultNumbers numbers_;
    std::optional<std::size_t> link_up_, link_down_;  // in the table
    std::unique_ptr<FaultPackets> packets_;
};

}  // namespace netcut
