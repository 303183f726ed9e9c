// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

namespace netcut::test {

// NETCUT_TIME_SCALE: how many times slower than usual this machine is. Tests are as much more patient, and
// what nodes need time for lasts as much longer.
inline int time_scale() {
    const char* scale = std::getenv("NETCUT_TIME_SCALE");
    return scale == nullptr ? 1 : std::max(1, std::atoi(scale));
}

// A time that nodes need, as an argument of the program.
inline std::string slowed(std::chrono::milliseconds time) {
    return std::to_string(time.count() * time_scale()) + "ms";
}

// Epochs of training that last about as long on a slow machine, whose floating-point arithmetic is slower
// still when it is emulated, and where more runs at once.
inline unsigned epochs_for_this_machine(unsigned epochs) {
    const auto scale = static_cast<unsigned>(time_scale());
    return std::max(2U, epochs / (scale * scale * scale));
}

}  // namespace netcut::test
