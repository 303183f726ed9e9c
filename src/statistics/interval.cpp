// SPDX-License-Identifier: Apache-2.0
#include "statistics/interval.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace netcut {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// The same on every machine, which the distributions of the standard library are not.
class Resampler {
  public:
    explicit Resampler(std::uint64_t seed) : engine_(seed) {}

    double median_of_sample(const std::vector<double>& values) {
        sample_.resize(values.size());
        for (double& one : sample_) one = values[engine_() % values.size()];
        const auto middle = sample_.begin() + static_cast<std::ptrdiff_t>(sample_.size() / 2);
        std::nth_element(sample_.begin(), middle, sample_.end());
        if (sample_.size() % 2 > 0) return *middle;
        return (*std::max_element(sample_.begin(), middle) + *middle) / 2;
    }

  private:
    std::mt19937_64 engine_;
    std::vector<double> sample_;
};

// Of sorted values; between two of them it is interpolated.
double quantile_of(const std::vector<double>& sorted, double share) {
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Interval middle_of(std::vector<double> samples, double confidence) {
    std::sort(samples.begin(), samples.end());
    const double tail = (1 - confidence) / 2;
    return {quantile_of(samples, tail), quantile_of(samples, 1 - tail)};
}

}  // namespace

Interval share_interval(std::size_t hits, std::size_t runs, double confidence) {
    const double z = boost::math::quantile(boost::math::normal(), (1 + confidence) / 2);
    const auto n = static_cast<double>(runs);
    const double share = static_cast<double>(hits) / n;
    const double middle = share + z * z / (2 * n);
    const double reach = z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    const double scale = 1 + z * z / n;
    return {hits == 0 ? 0 : (middle - reach) / scale, hits == runs ? 1 : (middle + reach) / scale};
}

Interval mean_interval(const std::vector<double>& values, double confidence) {
    const auto n = static_cast<double>(values.size());
    if (values.size() < 2) return {-infinity, infinity};
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    const double error = std::sqrt(squares / (n - 1) / n);
    const double reach = error * boost::math::quantile(boost::math::students_t(n - 1), (1 + confidence) / 2);
    return {mean - reach, mean + reach};
}

Interval median_interval(const std::vector<double>& values, double confidence, std::uint64_t seed) {
    Resampler resampler(seed);
    std::vector<double> medians(median_resamples);
    for (double& one : medians) one = resampler.median_of_sample(values);
    return middle_of(std::move(medians), confidence);
}

Interval median_ratio_interval(const std::vector<double>& before, const std::vector<double>& now,
                               double confidence, std::uint64_t seed) {
    Resampler resampler(seed);
    std::vector<double> ratios;
    for (std::size_t i = 0; i < median_resamples; ++i) {
        const double old_median = resampler.median_of_sample(before);
        const double new_median = resampler.median_of_sample(now);
        if (old_median != 0) ratios.push_back(new_median / old_median);
    }
    return ratios.empty() ? Interval{0, infinity} : middle_of(std::move(ratios), confidence);
}

}  // namespace netcut
