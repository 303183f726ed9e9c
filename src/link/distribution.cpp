// SPDX-License-Identifier: Apache-2.0
//
// The distributions of tc-netem(8), computed: its tables are files that need not be there. Their shapes come
// from NIST Net: Pareto's has the exponent 3 and its mean, 1.5, taken off; "paretonormal" is one part normal
// and three parts Pareto, quantile by quantile.
#include "link/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace netcut {
namespace {

constexpr int table_size = 4096;

// Where the standard normal distribution reaches `share`, by bisection: ten times finer than the table.
double normal_at(double share) {
    double low = -5, high = 5;
    while (high - low > 0.1 / distribution_scale) {
        const double middle = (low + high) / 2;
        (std::erfc(-middle / std::sqrt(2.0)) / 2 < share ? low : high) = middle;
    }
    return (low + high) / 2;
}

double pareto_at(double share) {
    return (1 / std::cbrt(1 - share) - 1.5) * 4 / 3;
}

double paretonormal_at(double share) {
    return (normal_at(share) + 3 * pareto_at(share)) / 4;
}

std::int16_t to_entry(double jitters) {
    using Entry = std::numeric_limits<std::int16_t>;
    return static_cast<std::int16_t>(
        std::clamp<double>(std::round(jitters * distribution_scale), Entry::min(), Entry::max()));
}

std::vector<std::int16_t> tabulate(double (*at)(double)) {
    std::vector<std::int16_t> table;
    table.reserve(table_size);
    for (int i = 0; i < table_size; ++i) table.push_back(to_entry(at((i + 0.5) / table_size)));
    return table;
}

}  // namespace

std::vector<std::int16_t> distribution_table(std::string_view name) {
    if (name == "normal") return tabulate(normal_at);
    if (name == "pareto") return tabulate(pareto_at);
    if (name == "paretonormal") return tabulate(paretonormal_at);
    return {};
}

}  // namespace netcut
