// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace netcut {

// How much more the first is; 0 if it is less.
constexpr std::uint64_t difference(std::uint64_t more, std::uint64_t less) {
    return more > less ? more - less : 0;
}

}  // namespace netcut
