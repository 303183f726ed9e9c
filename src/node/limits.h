// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace netcut {

struct SoftLimits {
    std::uint64_t open_files = 0;
    std::uint64_t processes = 0;
};
// Lifts the soft limits of this process to the hard ones, and returns those that there were: nodes have them,
// so that where the hard ones are higher no node can take what we need ourselves.
const SoftLimits& raise_limits();

}  // namespace netcut
