// SPDX-License-Identifier: Apache-2.0
#include "netcut/explore.h"

namespace netcut {

Bisection::Bisection(Nanoseconds least, Nanoseconds most, Nanoseconds within)
    : least_(least), most_(most), within_(within) {}

// The far ends first: often there is no threshold between them.
std::optional<Nanoseconds> Bisection::next() const {
    if (!survived_ && !fatal_) return most_;
    if (!fatal_) return {};
    if (!survived_) return *fatal_ > least_ ? std::optional(least_) : std::nullopt;
    if (*fatal_ - *survived_ <= within_) return {};
    // In whole milliseconds, as they are written.
    using std::chrono::milliseconds;
    const auto middle = std::chrono::floor<milliseconds>(*survived_ + (*fatal_ - *survived_) / 2);
    return middle > *survived_ ? std::optional<Nanoseconds>(middle) : std::nullopt;
}

void Bisection::take(Nanoseconds length, bool survived) {
    if (survived)
        survived_ = std::max(survived_.value_or(length), length);
    else
        fatal_ = std::min(fatal_.value_or(length), length);
}

}  // namespace netcut
