// SPDX-License-Identifier: Apache-2.0
//
// Queues of the router. A packet that one fault queues carries that fault's mark to the queue's device. One
// that several faults queue can pass one device alone, so each set of faults that may meet on a packet has a
// mark and a device of its own, and each fault's rule leads from the mark of those before it to the next.
//
// Packets that we hold are known by their marks, too: then the device is one that we read from, and what passes goes on with the
// mark of those faults of the set that queue it in the kernel.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "fabric/fabric.h"
#include "fault/plan.h"

namespace netcut {

inline std::uint32_t queue_mark(std::size_t index) {
    return static_cast<std::uint32_t>(index + 1);  // 0: no mark
}
// The device of the set at this index. Above the ports of any fabric.
inline int queue_device(std::size_t index) {
    constexpr int first = 20'000;
    return first + static_cast<int>(index);
}

// One that is in the kernel does not tell the ways apart.
struct QueueStep {
    std::size_t fault = 0;
    Direction way = Direction::both;
    bool operator==(const QueueStep&) const = default;
    bool operator<(const QueueStep& other) const {
        return std::tie(fault, way) < std::tie(other.fault, other.way);
    }
};
using QueueSteps = std::vector<QueueStep>;  // in the order of the faults

class QueuePlan {
  public:
    // `nodes`: how many the fabric has.
    static Result<QueuePlan> make(const std::vector<FaultPlan>& plans, std::size_t nodes);

    // Sets of faults by their marks: the set at index i has queue_mark(i).
    const std::vector<QueueSteps>& sets() const { return sets_; }
    // What a fault makes of a packet's mark.
    std::map<std::uint32_t, std::uint32_t> marks_of(const QueueStep& step) const;
    // Of a set that there is, or 0 of one without any step.
    std::uint32_t mark_of(const QueueSteps& set) const;

  private:
    std::vector<QueueSteps> sets_;
};

// The numbers of those that queue in the kernel.
std::vector<std::size_t> in_kernel(const QueueSteps& set);
bool is_held(const QueueSteps& set);  // by us

// Makes the devices, and sends marked packets to them from every port there is, and will be.
Result<void> lay_queues(Fabric& fabric, const std::vector<FaultPlan>& plans, const QueuePlan& queues);

}  // namespace netcut
