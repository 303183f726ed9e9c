// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace netcut {

// On and off again and again. Each cycle is a firing of its own.
struct FlapSpec {
    Nanoseconds period{0};
    double duty = 0.5;  // share of the period that is on
    double jitter = 0;  // each time is up to this share longer or shorter
    std::uint64_t seed = 1;
    unsigned count = 0;  // cycles

    // How long the fault is on, and then off, in each cycle: a pure function of the seed.
    struct Cycle {
        Nanoseconds on{0}, off{0};
    };
    std::vector<Cycle> list{};  // these, `count` of them, whatever the others are
    std::vector<Cycle> cycles() const;
};

}  // namespace netcut
