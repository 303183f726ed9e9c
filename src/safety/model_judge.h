// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "record/facts.h"
#include "safety/safety.h"
#include "scenario/scenario.h"

namespace netcut {

// Compares what a run has left of its model with what its twins have left, and adds what follows.
void judge_model(const Facts& facts, const Scenario& scenario, Safety& safety);

// Where a metric may be by chance, if these values are of runs like it: a prediction interval of 99.9 % (Student's t), at
// least as wide as the last digit that was printed; exactly these values if runs are deterministic. None: one value
// alone says nothing of that.
struct MetricBand {
    double least = 0, most = 0;
};
std::optional<MetricBand> band_of(const std::vector<std::string>& values, bool deterministic);

}  // namespace netcut
