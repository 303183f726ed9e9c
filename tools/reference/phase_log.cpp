// SPDX-License-Identifier: Apache-2.0
#include "phase_log.h"

#include <array>

#include "log.h"

namespace netcut::reference {

void PhaseLog::enter(Phase phase, Clock::time_point when) const {
    constexpr std::array<const char*, 6> names = {"computing", "connecting", "waiting",
                                                  "sending",   "receiving",  "idle"};
    if (!on_) return;
    const auto time = std::chrono::nanoseconds(when.time_since_epoch());
    log("phase {} {}", names[static_cast<std::size_t>(phase)], time.count());
}

}  // namespace netcut::reference
