// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace netcut {

// Bytes by node, direction and time, in a bounded number of equal steps from the run's beginning. A step
// begins as long as the first sample and is doubled when time goes beyond the last one.
class TrafficBins {
  public:
    using Bytes =
        std::array<double, 2>;  // up, down; a sample's bytes are shared out among the steps it covers

    explicit TrafficBins(std::size_t most_steps) : most_(most_steps) {}

    void add(std::size_t node, Nanoseconds from, Nanoseconds to, Bytes bytes);

    bool empty() const { return nodes_.empty(); }
    Nanoseconds step() const { return step_; }
    // By node; a node that has no more traffic has no more steps.
    const std::vector<std::vector<Bytes>>& nodes() const { return nodes_; }

  private:
    void double_step();

    std::size_t most_;
    Nanoseconds step_{0};
    std::vector<std::vector<Bytes>> nodes_;
};

}  // namespace netcut
