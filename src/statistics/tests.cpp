// SPDX-License-Identifier: Apache-2.0
#include "statistics/tests.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace netcut {
namespace {

using Counts = std::vector<std::size_t>;

constexpr double most_tables = 1e6;
constexpr std::size_t most_ranked_exactly = 50;
constexpr double slack = 1e-7;  // of equal probabilities that were computed in different ways; as R has it

std::size_t sum(const Counts& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

double log_choose(std::size_t n, std::size_t k) {
    return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) -
           std::lgamma(static_cast<double>(n - k) + 1);
}

// All tables of two rows with the same sums as the one given.
class Tables {
  public:
    Tables(const Counts& before, const Counts& now) : before_(before) {
        for (std::size_t i = 0; i < before.size(); ++i) columns_.push_back(before[i] + now[i]);
        row_ = sum(before);
        all_ = log_choose(sum(columns_), row_);
        rest_.resize(columns_.size() + 1, 0);
        for (std::size_t i = columns_.size(); i-- > 0;) rest_[i] = rest_[i + 1] + columns_[i];
    }

    // An upper bound of how many there are.
    double count() const {
        double tables = 1;
        // The last column follows from the others; the greatest need not be counted.
        const std::size_t greatest = *std::max_element(columns_.begin(), columns_.end());
        for (const std::size_t column : columns_) tables *= static_cast<double>(column + 1);
        return tables / static_cast<double>(greatest + 1);
    }

    // The probability of all that are no likelier than the one given.
    double as_extreme() const {
        double own = -all_;
        for (std::size_t i = 0; i < columns_.size(); ++i) own += log_choose(columns_[i], before_[i]);
        double total = 0;
        visit(0, row_, -all_, [&](double probability) {
            if (probability <= own + slack) total += std::exp(probability);
        });
        return std::min(1.0, total);
    }

  private:
    template <typename Take>
    void visit(std::size_t column, std::size_t left, double so_far, const Take& take) const {
        if (column == columns_.size()) return take(so_far);
        const std::size_t most = std::min(left, columns_[column]);
        const std::size_t least = left > rest_[column + 1] ? left - rest_[column + 1] : 0;
        for (std::size_t count = least; count <= most; ++count)
            visit(column + 1, left - count, so_far + log_choose(columns_[column], count), take);
    }

    const Counts& before_;
    Counts columns_, rest_;  // rest: what the columns from here on have in all
    std::size_t row_ = 0;
    double all_ = 0;
};

double chi_squared_test(const Counts& before, const Counts& now) {
    const auto first = static_cast<double>(sum(before)), second = static_cast<double>(sum(now));
    double statistic = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
        const auto column = static_cast<double>(before[i] + now[i]);
        for (const auto& [count, row] : {std::pair(before[i], first), std::pair(now[i], second)}) {
            const double expected = column * row / (first + second);
            const double off = static_cast<double>(count) - expected;
            statistic += off * off / expected;
        }
    }
    const boost::math::chi_squared distribution(static_cast<double>(before.size() - 1));
    return boost::math::cdf(boost::math::complement(distribution, statistic));
}

// Twice the rank of each value among all: whole numbers also where equal ones share the mean of their ranks.
struct Ranks {
    Counts doubled;   // of `before`, then of `now`
    double tied = 0;  // the sum of t^3 - t over groups of t equal values
};

Ranks ranks_of(const std::vector<double>& before, const std::vector<double>& now) {
    std::vector<double> all = before;
    all.insert(all.end(), now.begin(), now.end());
    Counts order(all.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return all[a] < all[b]; });
    Ranks ranks;
    ranks.doubled.resize(all.size());
    for (std::size_t begin = 0; begin < order.size();) {
        std::size_t end = begin;
        while (end < order.size() && all[order[end]] == all[order[begin]]) ++end;
        for (std::size_t i = begin; i < end; ++i) ranks.doubled[order[i]] = begin + end + 1;
        const auto equal = static_cast<double>(end - begin);
        ranks.tied += equal * equal * equal - equal;
        begin = end;
    }
    return ranks;
}

// How many choices of `count` of the ranks have each sum, as shares of all.
std::vector<double> shares_of_sums(const Counts& doubled, std::size_t count) {
    const std::size_t most = sum(doubled);
    std::vector<std::vector<double>> ways(count + 1, std::vector<double>(most + 1, 0));
    ways[0][0] = 1;
    std::size_t seen = 0;
    for (const std::size_t rank : doubled) {
        ++seen;
        for (std::size_t chosen = std::min(seen, count); chosen > 0; --chosen)
            for (std::size_t total = most; total >= rank; --total)
                ways[chosen][total] += ways[chosen - 1][total - rank];
    }
    const double all = std::exp(log_choose(doubled.size(), count));
    for (double& share : ways[count]) share /= all;
    return ways[count];
}

double exact_rank_test(const Ranks& ranks, std::size_t count) {
    const auto observed = static_cast<std::size_t>(std::accumulate(
        ranks.doubled.begin(), ranks.doubled.begin() + static_cast<std::ptrdiff_t>(count), std::size_t{0}));
    const std::vector<double> shares = shares_of_sums(ranks.doubled, count);
    const auto at = shares.begin() + static_cast<std::ptrdiff_t>(observed);
    const double below = std::accumulate(shares.begin(), at + 1, 0.0);
    const double above = std::accumulate(at, shares.end(), 0.0);
    return std::min(1.0, 2 * std::min(below, above));
}

double normal_rank_test(const Ranks& ranks, std::size_t count) {
    const auto m = static_cast<double>(count);
    const auto n = static_cast<double>(ranks.doubled.size() - count);
    double observed = 0;
    for (std::size_t i = 0; i < count; ++i) observed += static_cast<double>(ranks.doubled[i]) / 2;
    const double off = observed - m * (m + n + 1) / 2;
    const double variance = m * n / 12 * (m + n + 1 - ranks.tied / ((m + n) * (m + n - 1)));
    if (variance <= 0) return 1;
    const double z = std::max(0.0, std::abs(off) - 0.5) / std::sqrt(variance);
    return std::min(1.0, 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), z)));
}

}  // namespace

double fisher_exact(const Counts& before, const Counts& now) {
    if (sum(before) == 0 || sum(now) == 0) return 1;
    Counts old_kinds, new_kinds;  // without what nobody had
    for (std::size_t i = 0; i < before.size(); ++i)
        if (before[i] + now[i] > 0) {
            old_kinds.push_back(before[i]);
            new_kinds.push_back(now[i]);
        }
    if (old_kinds.size() < 2) return 1;
    const Tables tables(old_kinds, new_kinds);
    return tables.count() > most_tables ? chi_squared_test(old_kinds, new_kinds) : tables.as_extreme();
}

double rank_test(const std::vector<double>& before, const std::vector<double>& now) {
    if (before.empty() || now.empty()) return 1;
    const Ranks ranks = ranks_of(before, now);
    return ranks.doubled.size() <= most_ranked_exactly ? exact_rank_test(ranks, before.size())
                                                       : normal_rank_test(ranks, before.size());
}

std::vector<double> holm(const std::vector<double>& p) {
    Counts order(p.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
    std::vector<double> corrected(p.size());
    double greatest = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        greatest = std::max(greatest, std::min(1.0, p[order[i]] * static_cast<double>(p.size() - i)));
        corrected[order[i]] = greatest;
    }
    return corrected;
}

std::size_t runs_to_prove(double most) {
    std::size_t runs = 1;
    while (runs < 1'000 && fisher_exact({runs, 0}, {0, runs}) >= most) ++runs;
    return runs;
}

}  // namespace netcut
