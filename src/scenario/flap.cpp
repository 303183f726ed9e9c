// SPDX-License-Identifier: Apache-2.0
#include "scenario/flap.h"

#include "base/random.h"

namespace netcut {

std::vector<FlapSpec::Cycle> FlapSpec::cycles() const {
    if (!list.empty()) return list;
    Random random(seed);
    const auto varied = [&](Nanoseconds time) {
        const double factor = 1 + jitter * (2 * random.next() - 1);
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
