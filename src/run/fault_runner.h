// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "base/timers.h"
#include "fabric/fabric.h"
#include "fault/fault.h"
#include "fault/losses.h"
#include "fault/network_fault.h"
#include "fault/plan.h"
#include "fault/table.h"
#include "link/counter.h"
#include "node/node.h"
#include "record/event.h"
#include "record/journal.h"
#include "scenario/fault_spec.h"
#include "scenario/flap.h"
#include "trigger/match_counter.h"

namespace netcut {

// What faults do to the processes of nodes, by their index. A node that does not run is left alone.
struct ProcessControl {
    std::function<Result<void>(std::size_t node, std::optional<Nanoseconds> lease)> pause;
    std::function<Result<void>(std::size_t node)> resume;
    std::function<Result<void>(std::size_t node, int signal, bool will_start_again)> kill;
    std::function<Result<void>(std::size_t node)> start_again;
    std::function<bool(std::size_t node)> runs;
    std::function<Result<void>(std::size_t node)> renew;  // its network: another one, with the same addresses
};

// The life of one fault of the scenario: triggers come in, firings go out, each with its losses and recovery.
//
//             trigger with a delay              its delay is over, and it has a moment
//        +----------------------> delayed ---------------------------+
//        |                           |                               v
//     idle ----- a trigger, and it has a moment on the wire -----> armed
//      ^ |                           | its delay is over             | the moment comes
//      | | trigger, or a request     v                               |
//      | +------------------------> on <-----------------------------+
//      |         the last heal      | ^
//      +----------------------------+ |  the next cycle begins
//                                   v |
//                              between_cycles
//
// A request to fire leads to `on` from idle, delayed and armed; one to heal leads from `on` to idle. The end of the run
// leads from everywhere to `ended`, in which nothing happens any more.
class FaultRunner {
  public:
    struct Observer {
        std::function<void(const FaultRunner&)> fired;   // after it has taken effect
        std::function<void(const FaultRunner&)> healed;  // after it has lost its effect
        std::function<void(Error)> failed;
        // What they do at this moment.
        std::function<std::vector<event::PhaseSeen>(const std::vector<std::size_t>& nodes)> phases;
    };
    enum class State { idle, delayed, armed, on, between_cycles, ended };
    // `timers` and `journal` have the same clock; they and `processes` must outlive it.
    FaultRunner(Timers& timers, Journal& journal, FaultSpec spec, std::unique_ptr<NetworkFault> fault,
                std::unique_ptr<FiringWatch> watch, const ProcessControl& processes, Observer observer);

    const FaultSpec& spec() const { return spec_; }
    const FaultPlan& plan() const { return fault_->plan(); }
    State state() const { return state_; }
    // It is on its way, or on and will heal.
    bool busy() const {
        return state_ == State::delayed || state_ == State::between_cycles ||
               (state_ == State::on && duration());
    }
    bool is_on() const { return state_ == State::on; }
    bool is_armed() const { return state_ == State::armed; }
    bool fired() const { return firings_ > 0; }
    // The last time, since the run began.
    Nanoseconds fired_at() const { return fired_at_; }
    Nanoseconds healed_at() const { return healed_at_; }
    // It is not on, not on its way, and has not been fired as often as it may be.
    bool is_ready() const;

    // What the scenario waits for has come: a log line, the start, or the end or the beginning of another
    // fault. Fires from inside this call, unless a delay or a moment on the wire is to be waited for.
    // `phase` says more, in the journal.
    void trigger(const std::string& node, std::string_view why, std::optional<event::PhaseSeen> phase = {});
    // Somebody asks for it: fires at once, whatever is waited for; heals at once, also for good if it flaps.
    // An error of the kind `usage` says that it is on already, or is not on.
    Result<void> fire_now();
    Result<void> heal_now();
    // The kernel looks for the moment on the wire, and counts from nothing if it did already.
    void arm();
    void disarm();
    // A packet of so many bytes (layer 3) was the moment on the wire: the kernel fired at `when`.
    void tripped(const std::string& packet, unsigned bytes, Nanoseconds when,
                 const std::function<event::PhaseSeen()>& phase = {});
    // Its processes are gone.
    void node_ended(std::size_t node) { watch_->look_at(node); }
    // The node's progress has come to another round.
    void progressed(std::size_t node) { watch_->progressed(node); }
    // All processes of a node stand still, or some of them do not.
    void tell_paused(std::size_t node, const Pause& pause);
    // The run is over: no more firings and heals; what is still active is counted for the last time.
    void finish();
    void fail(Error error);

  private:
    void come_due();
    void look_for_silence();
    void fire();   // begin() and tell_fired(), where nothing has to be said in between
    void begin();  // what must be fast
    void tell_fired(bool asked_for = false);  // counting, journal, observer
    Result<void> fire_processes();
    Result<void> heal_processes();
    void heal_at(Nanoseconds duration);
    Result<bool> machines_are_off();
    void heal(bool asked_for);
    void tell_healed(Nanoseconds took, bool asked_for);
    void begin_next_cycle_later();
    void arm_again();
    bool has_more_cycles() const { return cycle_ < cycles_.size(); }
    std::optional<Nanoseconds> duration() const;
    void after(Nanoseconds time, std::function<void()> work);
    void update_losses();
    bool awaits_silence() const { return spec_.when && spec_.when->moment.kind == WireMoment::Kind::silence; }

    Timers& timers_;
    Journal& journal_;
    FaultSpec spec_;
    std::unique_ptr<NetworkFault> fault_;
    std::unique_ptr<FiringWatch> watch_;
    const ProcessControl& processes_;
    Observer observer_;
    MatchCounter counter_;
    std::unique_ptr<Timer> timer_;  // of the delay, of the silence, of the heal, then of the next cycle
    State state_ = State::idle;
    unsigned in_vain_ = 0;  // matches that did not fire

    // armed
    std::string moment_text_, moment_node_;  // what the kernel looks for
    CounterValue counted_before_;            // towards the moment, before it was armed
    std::optional<std::pair<Nanoseconds, event::FaultArmed>> armed_again_;  // not in the journal yet

    // on
    std::vector<FlapSpec::Cycle> cycles_;
    std::size_t cycle_ = 0;  // those that have begun
    std::string trigger_node_, trigger_line_;
    Nanoseconds fire_begun_{0}, fire_ended_{0};
    Nanoseconds lease_begun_{0};  // since when, at the latest, the kernel holds the fault
    Result<void> fire_result_;
    std::size_t firings_ = 0;
    Nanoseconds fired_at_{0}, healed_at_{0};
    std::map<std::string, Losses> losses_;  // of the last firing, by node
};

}  // namespace netcut
