// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"
#include "explore/experiments.h"
#include "explore/run_pool.h"
#include "scenario/scenario.h"

namespace netcut {

// Moves the cut of `moment`, whose `when` counts bytes, over a transfer, `step` by `step`, until the transfer
// is over before the byte comes. Rows of the table are added for each step. Returns what RunPool::run() does.
struct SweepOptions {
    std::uint64_t step = 0;  // bytes
    unsigned repeats = 1;
    unsigned steps_at_once = 1;
};
Result<int> sweep(RunPool& pool, ExperimentTable& table, const Scenario& base, ExperimentSpec moment,
                  const SweepOptions& options, const std::function<void(const std::string&)>& tell);

}  // namespace netcut
