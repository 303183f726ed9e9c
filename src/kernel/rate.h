// SPDX-License-Identifier: Apache-2.0
//
// A rate as a qdisc, tbf or htb.
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/netlink.h"
#include "link/rate.h"

namespace netcut {

void set_rate(Batch& batch, int link, const RateLimit& rate);
std::uint32_t lane_priority(std::uint16_t lane);
// Adds an htb below `parent`: at the root, or in a queue that has room for a queue of its own. It has the
// handle 2:, and a class 2:N of this rate for each lane N.
void add_htb(Batch& batch, int link, std::uint32_t parent, const RateLimit& rate,
             const std::vector<std::uint16_t>& lanes);

}  // namespace netcut
