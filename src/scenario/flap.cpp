// SPDX-License-Identifier: Apache-2.0
#include "scenario/flap.h"

#include <random>

namespace netcut {

std::vector<FlapSpec::Cycle> FlapSpec::cycles() const {
    std::mt19937_64 random(seed);
    // The standard fixes what mt19937_64 yields, and not what a distribution makes of it.
    const auto varied = [&](Nanoseconds time) {
        const double unit = static_cast<double>(random() >> 11) * 0x1.0p-53;  // from 0 to 1
        const double factor = 1 + jitter * (2 * unit - 1);
        return Nanoseconds(static_cast<std::int64_t>(static_cast<double>(time.count()) * factor));
    };
    const Nanoseconds on(static_cast<std::int64_t>(static_cast<double>(period.count()) * duty));
    std::vector<Cycle> all;
    for (unsigned i = 0; i < count; ++i) {
        Cycle& cycle = all.emplace_back();
        cycle.on = varied(on);
        cycle.off = varied(period - on);
    }
    return all;
}

}  // namespace netcut
