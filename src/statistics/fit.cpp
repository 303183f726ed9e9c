// SPDX-License-Identifier: Apache-2.0
#include "statistics/fit.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace netcut {

std::optional<PowerLaw> fit_power_law(const std::vector<std::pair<double, double>>& points,
                                      double confidence) {
    std::vector<std::pair<double, double>> logs;
    for (const auto& [x, y] : points)
        if (x > 0 && y > 0) logs.emplace_back(std::log(x), std::log(y));
    if (logs.size() < 3) return {};
    const auto n = static_cast<double>(logs.size());
    double mean_x = 0, mean_y = 0;
    for (const auto& [x, y] : logs) {
        mean_x += x / n;
        mean_y += y / n;
    }
    double xx = 0, xy = 0, yy = 0;
    for (const auto& [x, y] : logs) {
        xx += (x - mean_x) * (x - mean_x);
        xy += (x - mean_x) * (y - mean_y);
        yy += (y - mean_y) * (y - mean_y);
    }
    if (xx <= 0) return {};
    PowerLaw law;
    law.exponent = xy / xx;
    law.factor = std::exp(mean_y - law.exponent * mean_x);
    const double unexplained = std::max(0.0, yy - law.exponent * xy);
    law.explained = yy > 0 ? 1 - unexplained / yy : 1;
    const double reach = std::sqrt(unexplained / (n - 2) / xx) *
                         boost::math::quantile(boost::math::students_t(n - 2), (1 + confidence) / 2);
    law.exponent_interval = {law.exponent - reach, law.exponent + reach};
    return law;
}

}  // namespace netcut
