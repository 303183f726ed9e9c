// SPDX-License-Identifier: Apache-2.0
//
// One fault of a run: its switch in the table, its links, and the evidence of what it did.
//
// Ownership: a Fault refers to the Fabric and the FaultTable, which must outlive it. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "base/error.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fault/losses.h"
#include "fault/plan.h"
#include "fault/sent_counter.h"
#include "fault/table.h"
#include "kernel/netlink.h"

namespace netcut {

// One fault of the table, and the link changes that go with it.
class Fault {
  public:
    static Result<Fault> prepare(Fabric& fabric, FaultTable& table, std::size_t number);

    const FaultPlan& plan() const { return table_->plans()[number_]; }
    std::size_t number() const { return number_; }
    bool active() const { return active_; }
    // Firing what is active, or healing what is not, changes nothing.
    Result<void> fire();
    // As fire, with another lease than the plan's.
    Result<void> fire(Nanoseconds lease);
    Result<void> heal();
    // The kernel looks for the moment of plan().trigger, from now on if it did already; when it has come the
    // packets are lost, and follow() does what is left to do.
    Result<void> arm();
    Result<void> disarm() { return table_->disarm(number_); }
    Result<void> follow();
    // Whether the kernel holds the fault, read back from it.
    Result<bool> in_effect();
    // What the fault did since it was fired; once more after heal(), and no further.
    Result<std::map<std::size_t, Losses>> losses();

  private:
    Fault(Fabric& fabric, FaultTable& table, std::size_t number)
        : fabric_(&fabric), table_(&table), number_(number), on_(table.on_message(number)) {}
    Result<void> turn_on(Batch& on);
    Result<void> start_counting();
    Result<void> change_links();
    Result<void> change_site();
    Result<void> restore_link(std::size_t node);
    Result<std::map<std::size_t, Losses>> count();
    Result<std::uint64_t> count_unsent(std::size_t node);

    Fabric* fabric_;
    FaultTable* table_;
    std::size_t number_;
    Batch on_;                                 // built beforehand
    std::map<std::size_t, SentCounter> sent_;  // of `down` at the router's end, by node
    std::map<std::size_t, Losses> base_;
    bool active_ = false;
};

}  // namespace netcut
