// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "record/event.h"
#include "record/run_state.h"
#include "run/known_hang.h"
#include "run/run_context.h"
#include "sockets/stuck_watch.h"
#include "why/proof.h"

namespace netcut {

// Whether a run could ever continue: a run that cannot is proved to hang, one in a state that is known to be a hang ends
// as well, and of one that is given up the journal has what it waited for.
class HangWatch {
  public:
    struct Observer {
        std::function<bool()> may_hang;  // nothing is to come that is known to come
        std::function<Clock::time_point()> last_progress;
        std::function<bool(std::size_t node)> runs;
        std::function<Result<WaitReading>(std::size_t node)> read;  // what a node that runs waits for now
        std::function<void()> hangs;
    };
    // `record` must outlive it.
    HangWatch(const RunContext& run, const RunState& record, Observer observer);

    void restart();
    void stop();
    // Some node can run, and has no CPU.
    bool any_starves();
    // The run is given up: what its nodes wait for, unless that is proved. `attended`: somebody may still do something.
    Result<void> look(bool attended);

  private:
    void on_at_rest(const WaitsByNode& waits);
    void on_known(const WaitsByNode& waits, Nanoseconds in_state);
    std::string state_of(const WaitsByNode& waits) const;
    void note(const WaitsByNode& waits, event::RunProof proof, std::vector<Hindrance> hindrances,
              Clock::time_point begun);

    const RunContext& run_;
    const RunState& record_;
    Observer observer_;
    std::set<std::string> relayed_;  // nodes that reach others by a proxy alone
    StuckWatch watch_;
    KnownHang known_;
};

}  // namespace netcut
