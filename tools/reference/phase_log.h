// SPDX-License-Identifier: Apache-2.0
// What a collaborator does, as it sees that itself, for those who judge it from outside. While it connects it
// cannot tell its own work from waiting for the other side.
#pragma once

#include <chrono>

namespace netcut::reference {

enum class Phase { computing, connecting, waiting, sending, receiving, idle };

class PhaseLog {
  public:
    using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC

    explicit PhaseLog(bool on) : on_(on) {}

    // Logs "phase NAME TIME", with the time in nanoseconds. Times never go back.
    void enter(Phase phase, Clock::time_point when = Clock::now()) const;

  private:
    bool on_;
};

}  // namespace netcut::reference
