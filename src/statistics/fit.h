// SPDX-License-Identifier: Apache-2.0
//
// Lines through measured points. Pure; any thread.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "statistics/interval.h"

namespace netcut {

// y = factor * x^exponent: a straight line through the logarithms, by least squares.
struct PowerLaw {
    double factor = 0, exponent = 0;
    Interval exponent_interval;  // by Student's t, with the confidence that was asked for
    double explained = 0;        // R squared: the share of the variance of log y
};
// Points of which one coordinate is not above 0 are left out. None of fewer than three others, or if all have the same x.
std::optional<PowerLaw> fit_power_law(const std::vector<std::pair<double, double>>& points,
                                      double confidence);

}  // namespace netcut
