// SPDX-License-Identifier: Apache-2.0
#include "link/rate.h"

namespace netcut {

std::uint64_t bytes_in(std::uint64_t bits_per_second, Nanoseconds time) {
    return static_cast<std::uint64_t>(static_cast<double>(bits_per_second) / 8 *
                                      std::chrono::duration<double>(time).count());
}

}  // namespace netcut
