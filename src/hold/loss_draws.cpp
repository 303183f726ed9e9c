// SPDX-License-Identifier: Apache-2.0
#include "hold/loss_draws.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"

namespace netcut {

LossDraws::LossDraws(double most, std::uint64_t seed) {
    Random random(seed);
    for (std::uint32_t number = 1; number <= period && most > 0; ++number)
        if (const double draw = random.next(); draw < most) draws_.emplace_back(number, draw);
}

bool LossDraws::loses(std::uint64_t number, double share) const {
    const auto packet = static_cast<std::uint32_t>((number - 1) % period) + 1;
    const auto found = std::lower_bound(draws_.begin(), draws_.end(), std::pair(packet, 0.0));
    return found != draws_.end() && found->first == packet && found->second < share;
}

std::uint64_t LossDraws::count(std::uint64_t first, std::uint64_t packets, double share) const {
    std::uint64_t lost = 0;
    for (std::uint64_t i = 0; i < packets; ++i) lost += loses(first + i, share) ? 1 : 0;
    return lost;
}

std::string LossDraws::text() const {
    std::string text;
    for (const auto& [number, draw] : draws_) text += fmt::format("{} {:.17g}\n", number, draw);
    return text;
}

}  // namespace netcut
