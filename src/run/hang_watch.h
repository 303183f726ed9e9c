// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "record/run_state.h"
#include "run/run_context.h"
#include "sockets/stuck_watch.h"
#include "why/proof.h"

namespace netcut {

// Whether a run could ever continue: a run that cannot is proved to hang, and of one that is given up the journal has
// what it waited for.
class HangWatch {
  public:
    struct Observer {
        std::function<bool()> may_hang;                  // nothing is to come that is known to come
        std::function<pid_t(std::size_t node)> process;  // its outermost; 0: it does not run
        std::function<void()> proved;
    };
    // `record` must outlive it.
    HangWatch(const RunContext& run, const RunState& record, Observer observer);

    void restart() { watch_.restart(); }
    void stop() { watch_.stop(); }
    // The run is given up: what its nodes wait for, unless that is proved. `attended`: somebody may still do something.
    Result<void> look(bool attended);

  private:
    void on_at_rest(const WaitsByNode& waits);
    void note(const WaitsByNode& waits, std::vector<Hindrance> hindrances, Clock::time_point begun);

    const RunContext& run_;
    const RunState& record_;
    Observer observer_;
    StuckWatch watch_;
};

}  // namespace netcut
