// SPDX-License-Identifier: Apache-2.0
//
// How many repeats are enough: a test that goes on until it is sure. Pure; any thread.
#pragma once

#include <cstddef>

namespace netcut {

// Wald's sequential probability ratio test (1945) between two shares of runs that fail: whether a version fails as
// seldom as `seldom`, or as often as `often`.
class SequentialTest {
  public:
    enum class Answer { unsure, fails_seldom, fails_often };

    // 0 < seldom < often < 1. `error`: the probability of each of the two wrong answers is at most this, for a version that
    // fails no more often than `seldom` or at least as often as `often`.
    SequentialTest(double seldom, double often, double error);

    void take(bool failed);
    Answer answer() const;
    std::size_t runs() const { return runs_; }
    std::size_t failed() const { return failed_; }
    // How many more it takes at the least, if all of them go the same way as `failed` says.
    std::size_t runs_left(bool failed) const;

  private:
    double when_failed_, when_not_, bound_;
    double evidence_ = 0;  // the logarithm of the ratio of the likelihoods
    std::size_t runs_ = 0, failed_ = 0;
};

}  // namespace netcut
