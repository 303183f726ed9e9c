// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/error.h"

namespace netcut {

// ddmin of Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002), over `count`
// items. `fails` says of each of several sets of items whether the failure is still there; the sets may be
// tried at once. The result fails, and none of its items can be left out alone.
using ItemSet = std::vector<std::size_t>;
using SetOracle = std::function<Result<std::vector<bool>>(const std::vector<ItemSet>&)>;
Result<ItemSet> reduce_to_smallest(std::size_t count, const SetOracle& fails);

}  // namespace netcut
