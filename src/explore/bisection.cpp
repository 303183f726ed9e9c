// SPDX-License-Identifier: Apache-2.0
#include "explore/bisection.h"

namespace netcut {

Bisection::Bisection(Nanoseconds least, Nanoseconds most, Nanoseconds within)
    : least_(least), most_(most), within_(within) {}

// The far ends first: often there is no threshold between them.
std::optional<Nanoseconds> Bisection::next() const {
    const auto harmless = longest_harmless();
    if (!harmless && !fatal_) return most_;
    if (!fatal_) return {};
    if (!harmless) return *fatal_ > least_ ? std::optional(least_) : std::nullopt;
    if (*fatal_ - *harmless <= within_) return {};
    // In whole milliseconds, as they are written.
    using std::chrono::milliseconds;
    const auto middle = std::chrono::floor<milliseconds>(*harmless + (*fatal_ - *harmless) / 2);
    return middle > *harmless ? std::optional<Nanoseconds>(middle) : std::nullopt;
}

void Bisection::take(Nanoseconds length, Effect effect) {
    switch (effect) {
        case Effect::unnoticed:
            unnoticed_ = std::max(unnoticed_.value_or(length), length);
            break;
        case Effect::survived:
            survived_ = std::max(survived_.value_or(length), length);
            break;
        case Effect::fatal:
            fatal_ = std::min(fatal_.value_or(length), length);
            break;
    }
}

}  // namespace netcut
