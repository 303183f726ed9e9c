// SPDX-License-Identifier: Apache-2.0
#include "statistics/sequential.h"

#include <algorithm>
#include <cmath>

namespace netcut {

SequentialTest::SequentialTest(double seldom, double often, double error)
    : when_failed_(std::log(often / seldom)),
      when_not_(std::log((1 - often) / (1 - seldom))),
      // Wald's bounds, on the safe side by the factor 1 - error.
      bound_(std::log(1 / error)) {}

void SequentialTest::take(bool failed) {
    evidence_ += failed ? when_failed_ : when_not_;
    ++runs_;
    failed_ += failed ? 1 : 0;
}

SequentialTest::Answer SequentialTest::answer() const {
    if (evidence_ >= bound_) return Answer::fails_often;
    return evidence_ <= -bound_ ? Answer::fails_seldom : Answer::unsure;
}

std::size_t SequentialTest::runs_left(bool failed) const {
    const double way = failed ? bound_ - evidence_ : -bound_ - evidence_;
    return static_cast<std::size_t>(std::max(0.0, std::ceil(way / (failed ? when_failed_ : when_not_))));
}

}  // namespace netcut
