// SPDX-License-Identifier: Apache-2.0
//
// What follows later than the kernel's answer, a moment or two, and must be there before a node starts.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "base/error.h"
#include "kernel/netlink.h"

namespace netcut {

// Looks again and again until `is_so`, for some seconds at most. `what` is for the error.
Result<void> await(const std::string& what, const std::function<Result<bool>()>& is_so);

// Whether all of these links are up and pass packets: the end of a pair that comes up first gets its carrier
// from the second, and loses every packet until the link watch has seen that.
Result<bool> are_running(NetlinkSocket& socket, const std::set<int>& wanted);

}  // namespace netcut
