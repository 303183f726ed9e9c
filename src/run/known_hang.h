// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "base/timers.h"
#include "why/proof.h"

namespace netcut {

// Looks, while there is no progress, whether a run has come to a state that is known to be a hang (the scenario's
// known_hangs), and stays there. Does nothing where none is known. All on the thread of `timers`.
class KnownHang {
  public:
    struct Observer {
        std::function<Clock::time_point()> last_progress;
        std::function<bool()> may_look;               // there is no progress, and no fault is to come
        std::function<Result<WaitsByNode>()> glance;  // at all nodes that run
        std::function<std::string(const WaitsByNode&)> state;    // hang_state() of these
        std::function<void(WaitsByNode, Nanoseconds)> is_known;  // has been in it for so long
        std::function<void(Error)> failed;
    };
    // `limit`: longer waits count as if they never ended, because nobody waits for them.
    KnownHang(Timers& timers, std::vector<std::string> known, Nanoseconds limit, Observer observer);

    // Something has happened: looks anew.
    void restart();
    void stop();

  private:
    void look_after(Nanoseconds pause);
    Result<void> look();

    const std::vector<std::string> known_;
    const Nanoseconds limit_;
    Observer observer_;
    Timers& timers_;
    std::unique_ptr<Timer> timer_;
    unsigned use_ = 0;   // of the timer: what observers do may begin another one
    std::string state_;  // in which it is; empty: in none that is known
    Clock::time_point since_;
    Nanoseconds longest_{0};  // wait that ends by itself, since then
};

}  // namespace netcut
