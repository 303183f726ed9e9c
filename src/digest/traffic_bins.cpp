// SPDX-License-Identifier: Apache-2.0
#include "digest/traffic_bins.h"

namespace netcut {
namespace {

constexpr Nanoseconds shortest_step = std::chrono::milliseconds(1);

}  // namespace

void TrafficBins::add(std::size_t node, Nanoseconds from, Nanoseconds to, Bytes bytes) {
    if (to <= from) return;
    if (step_ == Nanoseconds(0)) step_ = std::max(to - from, shortest_step);
    while (static_cast<std::size_t>((to - Nanoseconds(1)) / step_) >= most_) double_step();
    if (nodes_.size() <= node) nodes_.resize(node + 1);
    std::vector<Bytes>& steps = nodes_[node];
    const auto first = static_cast<std::size_t>(from / step_);
    const auto last = static_cast<std::size_t>((to - Nanoseconds(1)) / step_);
    if (steps.size() <= last) steps.resize(last + 1);
    for (std::size_t i = first; i <= last; ++i) {
        const Nanoseconds begin = step_ * i;
        const Nanoseconds inside = std::min(to, begin + step_) - std::max(from, begin);
        const double share = static_cast<double>(inside.count()) / static_cast<double>((to - from).count());
        for (std::size_t way = 0; way < bytes.size(); ++way) steps[i][way] += bytes[way] * share;
    }
}

void TrafficBins::double_step() {
    step_ *= 2;
    for (std::vector<Bytes>& steps : nodes_) {
        const std::size_t count = (steps.size() + 1) / 2;
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t way = 0; way < 2; ++way)
                steps[i][way] = steps[2 * i][way] + (2 * i + 1 < steps.size() ? steps[2 * i + 1][way] : 0);
        steps.resize(count);
    }
}

}  // namespace netcut
