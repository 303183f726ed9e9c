// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace netcut {

// As the data of a page has times.
inline std::int64_t microseconds(Nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

}  // namespace netcut
