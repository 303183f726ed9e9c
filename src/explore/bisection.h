// SPDX-License-Identifier: Apache-2.0
//
// The search for the shortest fatal outage: what to try next. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/time.h"

namespace netcut {

// What an outage did.
enum class Effect { unnoticed, survived, fatal };

// Bisects on a scale on which longer is worse. It takes outcomes as they come, and never more than needed. What
// nobody noticed is not fatal, and tells nothing about survival.
class Bisection {
  public:
    Bisection() = default;
    // From `least` to `most`, until the two bounds are no more than `within` apart.
    Bisection(Nanoseconds least, Nanoseconds most, Nanoseconds within);

    // What to try next, up to `at_once` lengths from the shortest on; none when it is done. More than one divide what is left
    // into more parts, so that less time is needed for more tries.
    std::vector<Nanoseconds> next(std::size_t at_once) const;
    std::optional<Nanoseconds> next() const;
    void take(Nanoseconds length, Effect effect);

    std::optional<Nanoseconds> longest_unnoticed() const { return unnoticed_; }
    std::optional<Nanoseconds> longest_survived() const { return survived_; }
    std::optional<Nanoseconds> shortest_fatal() const { return fatal_; }

  private:
    Nanoseconds least_{0}, most_{0}, within_{0};
    std::vector<Nanoseconds> between(Nanoseconds shorter, Nanoseconds longer, std::size_t most) const;
    std::optional<Nanoseconds> longest_harmless() const { return std::max(survived_, unnoticed_); }
    std::optional<Nanoseconds> unnoticed_, survived_, fatal_;
};

}  // namespace netcut
