// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "base/error.h"
#include "base/time.h"
#include "base/timers.h"
#include "record/end_reason.h"
#include "record/event.h"
#include "scenario/scenario.h"

namespace netcut {

// What the course of a run makes happen and asks about: the Engine does it, and tests note it.
class RunParts {
  public:
    struct NodeNow {
        bool runs = false;
        bool has_ended = false;         // since it was started last
        bool will_start_again = false;  // a fault ended it
    };
    virtual ~RunParts() = default;
    virtual std::size_t nodes() const = 0;  // the aggregator is the first
    virtual NodeNow node(std::size_t index) const = 0;
    virtual bool is_preparing() const = 0;  // the scenario's own command runs
    virtual bool any_fault_has_fired() const = 0;
    virtual bool any_fault_will_heal() const = 0;  // or is on its way

    virtual void entered(RunPhase phase) = 0;
    virtual Result<void> start_preparation() = 0;
    virtual void before_aggregator() = 0;
    virtual Result<void> start_node(std::size_t index) = 0;
    virtual void before_collaborators() = 0;
    // How long, all together, some node could have run and had no CPU.
    virtual Nanoseconds starved() const { return Nanoseconds(0); }
    // Some node can run now, and gets no CPU: how long it has waited is known only when it has got one.
    virtual bool any_starves() { return false; }
    // From now on a run that makes no progress is one that hangs; also when there has been some.
    virtual void hang_is_looked_for() {}
    // The run is about to end, while nodes still run: the last look at them, and no more faults.
    virtual void before_end(EndReason reason) = 0;
    virtual void ends(EndReason reason, int signal) = 0;
    virtual void ask_to_end() = 0;
    virtual void kill() = 0;
    // All nodes have ended: false if that has to wait for something, which then calls finish() again.
    virtual bool conclude() = 0;
    virtual void done() = 0;
    virtual void fail(Error error) = 0;  // calls RunCourse::end()
};

// The states of a run, what leads from one to the next, and whether it hangs. They are entered in this order; stopping
// can be entered from any:
//
//   preparing   the scenario's own command runs
//   starting    the aggregator is not ready yet
//   running     the collaborators are started, one a turn of the loop
//   stopping    nodes are asked to end, and after the grace made to
//   done
class RunCourse {
  public:
    // `scenario` gives timeout, ready, ready_within, hang_after, end and grace; all must outlive it.
    RunCourse(Timers& timers, const Scenario& scenario, RunParts& parts);

    RunPhase phase() const { return phase_; }
    // Faults act, and requests are carried out.
    bool is_under_way() const { return phase_ == RunPhase::starting || phase_ == RunPhase::running; }

    Result<void> begin();
    void prepared(bool successfully);
    void ready();  // a line of the aggregator
    void
    end_line_begun();  // so much of it is there that it is certain; its rest is waited for, but not for long
    void end_line();   // it is whole
    void node_ended(std::size_t index, bool successfully);
    void progressed() {
        last_progress_ = timers_.now();
        starved_ = parts_.starved();
    }
    Clock::time_point last_progress() const { return last_progress_; }
    // A fault was fired, or has healed: that is progress, and now hangs are looked for.
    void fault_changed();
    // Asked for a second time, nodes have no grace any more.
    void stop(int signal);
    void end(EndReason reason);
    void finish();

  private:
    void enter(RunPhase phase);
    void start_aggregator();
    void start_collaborators();
    void start_collaborator(std::size_t index);
    void arm_hang_timer();
    void on_hang_timer();
    void on_ready_timer();
    // Sets a timer whose limit is over anew, because some node had no CPU; false if none did.
    bool waits_longer(Timer& timer, Nanoseconds limit, std::function<void()> then);
    void end_nodes();
    template <typename Condition>
    bool any_node(Condition condition) const;
    bool any_running() const;
    bool all_are_started() const;
    bool collaborators_have_ended() const;

    Timers& timers_;
    const Scenario& scenario_;
    RunParts& parts_;
    RunPhase phase_ = RunPhase::preparing;
    std::unique_ptr<Timer> timeout_timer_, ready_timer_, hang_timer_, end_line_timer_, grace_timer_;
    Clock::time_point last_progress_;
    Nanoseconds starved_{0};  // parts_.starved() at the last progress, or when it was waited longer
    unsigned prolonged_ = 0;  // how often it was waited longer because of that, since there was progress
    bool crashed_ = false;
    int signal_ = 0;
};

}  // namespace netcut
