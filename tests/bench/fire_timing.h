// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/time.h"
#include "bench/namespaces.h"
#include "bench/traffic.h"

namespace netcut::bench {

struct FireTimes {
    Nanoseconds acknowledged{0}, first_loss{0};
};
// Fires while packets flow. The caller is awake all the time: the call is measured, not a wake-up.
FireTimes time_fire(const Cores& cores, Traffic& traffic, const std::function<void()>& fire);
// Heals a node that is cut off, until the first packet that passes.
Nanoseconds time_heal(const Cores& cores, Traffic& traffic, const std::function<void()>& heal);

}  // namespace netcut::bench
