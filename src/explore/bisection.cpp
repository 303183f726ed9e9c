// SPDX-License-Identifier: Apache-2.0
#include "explore/bisection.h"

namespace netcut {

Bisection::Bisection(Nanoseconds least, Nanoseconds most, Nanoseconds within)
    : least_(least), most_(most), within_(within) {}

// The far ends first: often there is no threshold between them.
std::vector<Nanoseconds> Bisection::next(std::size_t at_once) const {
    const auto harmless = longest_harmless();
    if (!harmless && !fatal_) return at_once > 1 ? std::vector{least_, most_} : std::vector{most_};
    if (!fatal_) return {};
    if (!harmless) return *fatal_ > least_ ? std::vector{least_} : std::vector<Nanoseconds>();
    return between(*harmless, *fatal_, at_once);
}

std::optional<Nanoseconds> Bisection::next() const {
    const auto lengths = next(1);
    return lengths.empty() ? std::nullopt : std::optional(lengths.front());
}

// In whole milliseconds, as they are written, and no more of them than tell all there is to tell.
std::vector<Nanoseconds> Bisection::between(Nanoseconds shorter, Nanoseconds longer, std::size_t most) const {
    using std::chrono::milliseconds;
    const auto step = std::max<Nanoseconds>(within_, milliseconds(1));
    const auto parts = std::min<std::int64_t>((longer - shorter + step - Nanoseconds(1)) / step,
                                              static_cast<std::int64_t>(most) + 1);
    std::vector<Nanoseconds> lengths;
    for (std::int64_t part = 1; part < parts; ++part) {
        const Nanoseconds length =
            std::chrono::floor<milliseconds>(shorter + (longer - shorter) * part / parts);
        if (length > shorter && (lengths.empty() || length > lengths.back())) lengths.push_back(length);
    }
    return lengths;
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
