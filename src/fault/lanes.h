// SPDX-License-Identifier: Apache-2.0
//
// A rate is one of each node's link, and of each way by itself. So the device of a set of faults that has a
// rate has a lane for each of these. A packet waits in one lane alone: that of its sender's way up, or of its
// receiver's way down. Between two nodes of the fault it is the aggregator's, which all others share, or else
// the sender's.
#pragma once

#include <vector>

#include "fabric/fabric.h"
#include "fault/plan.h"
#include "fault/queues.h"
#include "kernel/nftables.h"

namespace netcut {

// Of the faults whose numbers are in `set`; the lowest of their rates counts. Empty if none has one.
std::vector<std::uint16_t> lanes_of(const std::vector<FaultPlan>& plans, const std::vector<std::size_t>& set);
// The priority by which a packet from one node to another finds its lane in the queue of these faults; 0: there is none. A node
// outside of the fabric has a number that no node has.
std::uint32_t lane_priority_of(const std::vector<FaultPlan>& plans, const std::vector<std::size_t>& set,
                               std::size_t from, std::size_t to);
// Lets marked packets find their lanes, behind the rules of all faults.
void add_lane_rules(NftTransaction& transaction, const Fabric& fabric, const std::vector<FaultPlan>& plans,
                    const QueuePlan& queues);

}  // namespace netcut
