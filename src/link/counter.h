// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace netcut {

struct CounterValue {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  // layer 3
};

}  // namespace netcut
