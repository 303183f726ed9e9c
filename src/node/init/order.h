// SPDX-License-Identifier: Apache-2.0
//
// What the tool tells the first process of a node: one message of the lifeline's socket each.
#pragma once

#include <cstdint>

namespace netcut::init {

struct Order {
    enum class Kind : std::uint32_t { pause, resume, signal };
    Kind kind = Kind::resume;
    std::int32_t signal = 0;    // of `signal`: for every process of the tree
    std::int64_t lease_ns = 0;  // of `pause`: how long; 0 is until `resume`
};

}  // namespace netcut::init
