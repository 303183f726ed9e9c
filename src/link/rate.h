// SPDX-License-Identifier: Apache-2.0
//
// The rate of a link. Pure data; kernel/rate.h makes qdiscs of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace netcut {

inline constexpr unsigned ethernet_header = 14;  // bytes of a frame

// Rate of what leaves through the link. `shaper`: "tbf" or "htb". `queue` is how long a packet may wait.
struct RateLimit {
    std::string shaper = "tbf";
    std::uint64_t bits_per_second = 0;
    Nanoseconds queue = std::chrono::milliseconds(100);
    std::optional<std::uint64_t> queue_bytes{};  // how many bytes may wait, in place of how long
    // What may pass at once; a packet that is larger never does. Unset: 4 ms' worth, at least 16 KiB.
    std::optional<std::uint32_t> burst_bytes{};
    unsigned mtu = 1500;  // of the link: a whole packet may always wait, and always pass
};
std::uint64_t bytes_in(std::uint64_t bits_per_second, Nanoseconds time);  // what a rate carries

}  // namespace netcut
