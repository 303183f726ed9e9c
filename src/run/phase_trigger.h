// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/error.h"
#include "base/time.h"
#include "base/timers.h"
#include "phase/phase.h"
#include "phase/phase_watch.h"
#include "record/event.h"
#include "record/journal.h"
#include "run/fault_network.h"
#include "run/fault_runner.h"
#include "scenario/triggers.h"

namespace netcut {

// Lets a fault begin in a phase of a node. What is exact to the byte or to the packet is left to the kernel:
// it is armed, or armed anew, while the node is seen not to be there yet. The rest follows the watch's word.
class PhaseTrigger {
  public:
    // All that is given by reference must outlive it.
    PhaseTrigger(Timers& timers, Journal& journal, FaultNetwork& network, FaultRunner& runner,
                 std::size_t node);

    std::size_t node() const { return node_; }
    FaultRunner& runner() { return runner_; }
    // The run's nodes work from now on, and no longer.
    void begin();
    void end();
    void on_progress(const std::string& round);
    void on_armed_by();
    void on_state(const PhaseWatch::State& state);
    // The kernel has fired: which phase that was, and how far into it.
    event::PhaseSeen tripped();

  private:
    const PhaseMoment& moment() const { return runner_.spec().trigger.phase; }
    bool is_looked_for() const { return begun_ && round_reached_ && armed_by_seen_ && exchanged_; }
    void look();
    void look_at_phase();
    void look_for_rest();
    void begin_count();
    void look_for_reply();
    void await_reply();
    Result<std::uint64_t> passed_bytes();

    Journal& journal_;
    FaultNetwork& network_;
    FaultRunner& runner_;
    const std::size_t node_;
    Timers& timers_;
    std::unique_ptr<Timer> timer_;  // until far enough into the phase
    bool begun_ = false, round_reached_, armed_by_seen_, exchanged_;
    PhaseWatch::State state_;
    std::optional<Nanoseconds> fired_in_;  // the beginning of the phase that was told to the fault last
    unsigned passed_ = 0;                  // phases that were let pass

    bool counts_ = false, counted_before_ = false;  // bytes, since the node was last at rest
    std::uint64_t count_from_ = 0;
    std::optional<Nanoseconds> moving_since_;

    std::uint64_t upload_ = 0;  // whose reply is waited for
    std::uint64_t messages_down_ = 0;
    Nanoseconds upload_ended_{0};
};

// {"phase": "sending", "node": ...}: what a fault's firing tells of a phase.
event::PhaseSeen phase_seen(const std::string& node, Phase phase, Nanoseconds since, Nanoseconds now,
                            std::uint64_t sent, std::uint64_t received);

}  // namespace netcut
