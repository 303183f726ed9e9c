// SPDX-License-Identifier: Apache-2.0
//
// Queues of the router. A packet that one fault queues carries that fault's mark to the queue's device. One
// that several faults queue can pass one device alone, so each set of faults that may meet on a packet has a
// mark and a device of its own, and each fault's rule leads from the mark of those before it to the next.
#pragma once

#include <map>
#include <vector>

#include "base/error.h"
#include "fabric/fabric.h"
#include "fault/plan.h"

namespace netcut {

inline std::uint32_t queue_mark(std::size_t index) {
    return static_cast<std::uint32_t>(index + 1);  // 0: no mark
}

class QueuePlan {
  public:
    // `nodes`: how many the fabric has.
    static Result<QueuePlan> make(const std::vector<FaultPlan>& plans, std::size_t nodes);

    // Sets of faults by their marks: the set at index i has queue_mark(i).
    const std::vector<std::vector<std::size_t>>& sets() const { return sets_; }
    // What a fault makes of a packet's mark.
    std::map<std::uint32_t, std::uint32_t> marks_of(std::size_t fault) const;

  private:
    std::vector<std::vector<std::size_t>> sets_;
};

// Makes the devices, and sends marked packets to them from every port there is, and will be.
Result<void> lay_queues(Fabric& fabric, const std::vector<FaultPlan>& plans, const QueuePlan& queues);

}  // namespace netcut
