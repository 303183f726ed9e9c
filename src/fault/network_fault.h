// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fault/fault.h"
#include "fault/losses.h"
#include "fault/plan.h"
#include "fault/table.h"
#include "link/counter.h"

namespace netcut {

// A fault as FaultRunner sees it: what it changes and reads in the network. The seam where tests put a network that
// does what they say.
class NetworkFault {
  public:
    virtual ~NetworkFault() = default;
    virtual const FaultPlan& plan() const = 0;
    virtual std::string node_name(std::size_t node) const = 0;
    // With the plan's lease, or another one. Even a fault that fails half-way has to be healed.
    virtual Result<void> fire(std::optional<Nanoseconds> lease) = 0;
    virtual Result<void> heal() = 0;
    // The kernel looks for the moment of the plan's trigger, and counts from nothing if it did already.
    virtual Result<void> arm() = 0;
    virtual Result<void> disarm() = 0;
    // The kernel has fired: does what is left to do.
    virtual Result<void> follow() = 0;
    // Whether the kernel holds it, read back.
    virtual Result<bool> in_effect() = 0;
    // Whether a silence is long enough, which no packet tells.
    virtual Result<bool> is_silent() = 0;
    // What was counted towards the moment, in all times that it was armed together.
    virtual Result<CounterValue> counted() = 0;
    // Since it was fired; after heal() once more.
    virtual Result<std::map<std::size_t, Losses>> losses() = 0;
};

// The network itself. `fabric` and `table` must outlive it.
class KernelFault : public NetworkFault {
  public:
    KernelFault(Fabric& fabric, FaultTable& table, Fault fault)
        : fabric_(fabric), table_(table), fault_(std::move(fault)) {}
    const FaultPlan& plan() const override { return fault_.plan(); }
    std::string node_name(std::size_t node) const override { return fabric_.node(node).name; }
    Result<void> fire(std::optional<Nanoseconds> lease) override {
        return lease ? fault_.fire(*lease) : fault_.fire();
    }
    Result<void> heal() override { return fault_.heal(); }
    Result<void> arm() override { return fault_.arm(); }
    Result<void> disarm() override { return fault_.disarm(); }
    Result<void> follow() override { return fault_.follow(); }
    Result<bool> in_effect() override { return fault_.in_effect(); }
    Result<bool> is_silent() override { return table_.is_silent(fault_.number()); }
    Result<CounterValue> counted() override { return table_.read_counted(fault_.number()); }
    Result<std::map<std::size_t, Losses>> losses() override { return fault_.losses(); }

  private:
    Fabric& fabric_;
    FaultTable& table_;
    Fault fault_;
};

// Who follows what becomes of the nodes' connections in each firing.
class FiringWatch {
  public:
    virtual ~FiringWatch() = default;
    virtual void fired() = 0;
    // Right before the heal, so that nothing of what follows it is missed.
    virtual void heals() = 0;
    virtual void healed(Clock::time_point when) = 0;
    // The node's progress has come to another round.
    virtual void progressed(std::size_t node) = 0;
    // At once, since its program has ended.
    virtual void look_at(std::size_t node) = 0;
    // Nobody looks at this firing's nodes any more.
    virtual void finish() = 0;
    // The run is over: what has not healed is concluded, too.
    virtual void end() = 0;
};

}  // namespace netcut
