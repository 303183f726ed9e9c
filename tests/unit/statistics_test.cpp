// SPDX-License-Identifier: Apache-2.0
//
// Intervals and tests, against values that others have published or that are counted here in another way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "statistics/fit.h"
#include "statistics/interval.h"
#include "statistics/sequential.h"
#include "statistics/tests.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

// R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
TEST(Statistics, SharesAreAsLikelyAsWilsonSays) {
    const auto near = [](std::size_t hits, std::size_t runs, double least, double most) {
        const Interval share = share_interval(hits, runs, 0.95);
        EXPECT_NEAR(share.least, least, 0.00005) << hits << " of " << runs;
        EXPECT_NEAR(share.most, most, 0.00005) << hits << " of " << runs;
    };
    near(81, 263, 0.2553, 0.3662);
    near(15, 148, 0.0624, 0.1605);
    near(0, 20, 0, 0.1611);
    near(1, 29, 0.0061, 0.1718);
    near(20, 20, 0.8389, 1);
}

// R: t.test(sleep$extra)
TEST(Statistics, MeanOfTheSleepDataIsWhereRSays) {
    const Interval mean = mean_interval({0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0,
                                         1.9, 0.8,  1.1,  0.1,  -0.1, 4.4, 5.5, 1.6, 4.6, 3.4},
                                        0.95);
    EXPECT_NEAR(mean.least, 0.5955845, 1e-6);
    EXPECT_NEAR(mean.most, 2.4844155, 1e-6);
    EXPECT_TRUE(std::isinf(mean_interval({3}, 0.95).most));
}

std::vector<double> made_up(std::mt19937_64& random, std::size_t count, double factor = 1) {
    std::vector<double> values;
    std::lognormal_distribution<double> times(0, 0.1);
    for (std::size_t i = 0; i < count; ++i) values.push_back(factor * times(random));
    return values;
}

TEST(Statistics, IntervalsOfMediansHoldTheTruthAsOftenAsTheySay) {
    std::mt19937_64 random(1);
    constexpr int tries = 300;
    int median_inside = 0, ratio_inside = 0;
    for (int i = 0; i < tries; ++i) {
        const auto before = made_up(random, 15), now = made_up(random, 15, 1.2);
        const Interval median = median_interval(before, 0.95, 7);
        median_inside += median.least <= 1 && 1 <= median.most;
        const Interval ratio = median_ratio_interval(before, now, 0.95, 7);
        ratio_inside += ratio.least <= 1.2 && 1.2 <= ratio.most;
    }
    EXPECT_GE(median_inside, 0.90 * tries);
    EXPECT_GE(ratio_inside, 0.90 * tries);
    EXPECT_LT(ratio_inside, tries);
}

TEST(Statistics, SameSeedGivesTheSameInterval) {
    std::mt19937_64 random(5);
    const auto before = made_up(random, 40), now = made_up(random, 41);
    EXPECT_EQ(median_ratio_interval(before, now, 0.95, 1), median_ratio_interval(before, now, 0.95, 1));
    EXPECT_NE(median_ratio_interval(before, now, 0.95, 1), median_ratio_interval(before, now, 0.95, 2));
}

// R: example(fisher.test): TeaTasting and Convictions, two-sided.
TEST(Statistics, OutcomesDifferAsFisherSays) {
    EXPECT_NEAR(fisher_exact({3, 1}, {1, 3}), 0.4857, 0.00005);
    EXPECT_NEAR(fisher_exact({2, 15}, {10, 3}), 0.0005367, 5e-8);
    EXPECT_NEAR(fisher_exact({3, 0}, {0, 3}), 0.1, 1e-9);
    EXPECT_EQ(fisher_exact({3, 0}, {0, 0}), 1);
    EXPECT_EQ(fisher_exact({3, 0}, {2, 0}), 1);
}

// Every way to deal ten runs into two hands is as likely as every other.
TEST(Statistics, OutcomesOfThreeKindsAreCountedOverAllDeals) {
    const std::vector<int> runs = {0, 0, 0, 1, 1, 2, 0, 1, 2, 2};  // the first five are the ones before
    const auto log_of_table = [&](const std::vector<int>& hand) {  // up to a constant
        double weight = 0;
        for (const int kind : {0, 1, 2}) {
            const auto mine = std::count(hand.begin(), hand.end(), kind);
            const auto all = std::count(runs.begin(), runs.end(), kind);
            weight -= std::lgamma(mine + 1) + std::lgamma(all - mine + 1);
        }
        return weight;
    };
    const double observed = log_of_table({runs.begin(), runs.begin() + 5});
    int as_extreme = 0, deals = 0;
    std::vector<int> chosen = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
    do {
        std::vector<int> hand;
        for (std::size_t i = 0; i < runs.size(); ++i)
            if (chosen[i] == 0) hand.push_back(runs[i]);
        ++deals;
        as_extreme += log_of_table(hand) <= observed + 1e-9;
    } while (std::next_permutation(chosen.begin(), chosen.end()));
    EXPECT_EQ(deals, 252);
    EXPECT_NEAR(fisher_exact({3, 2, 0}, {1, 1, 3}), double(as_extreme) / deals, 1e-6);
}

TEST(Statistics, VeryManyOutcomesAreStillJudged) {
    EXPECT_LT(fisher_exact({5'000, 3'000, 2'000}, {4'000, 4'000, 2'000}), 1e-9);
    EXPECT_GT(fisher_exact({5'000, 3'000, 2'000}, {5'010, 2'995, 1'995}), 0.5);
}

// R: example(wilcox.test): permeability constants (twice the one-sided 0.1272), and Ozone in May and in August.
TEST(Statistics, RanksDifferAsRSays) {
    EXPECT_NEAR(rank_test({0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46},
                          {1.15, 0.88, 0.90, 0.74, 1.21}),
                0.2544, 0.0001);
    const std::vector<double> may = {41, 36, 12, 18, 28, 23, 19, 8, 7,  16, 11, 14,  18,
                                     14, 34, 6,  30, 11, 1,  11, 4, 32, 23, 45, 115, 37};
    const std::vector<double> august = {39, 9,  16, 78, 35, 66, 122, 89,  110, 44, 28,  65, 22,
                                        59, 23, 31, 44, 21, 9,  45,  168, 73,  76, 118, 84, 85};
    EXPECT_NEAR(rank_test(may, august), 0.0001208, 5e-8);
    EXPECT_NEAR(rank_test({1, 2, 3}, {4, 5, 6}), 0.1, 1e-9);
    EXPECT_EQ(rank_test({2, 2, 2}, {2, 2}), 1);
    EXPECT_EQ(rank_test({}, {2, 2}), 1);
}

TEST(Statistics, ExactRanksWithTiesAreCountedOverAllDeals) {
    const std::vector<double> all = {1, 1, 2, 3, 2, 3, 4, 5};  // the first four are the ones before
    const std::vector<double> ranks = {1.5, 1.5, 3.5, 5.5, 3.5, 5.5, 7, 8};
    std::vector<int> chosen = {0, 0, 0, 0, 1, 1, 1, 1};
    const double observed = 12;
    int deals = 0, below = 0, above = 0;
    do {
        double total = 0;
        for (std::size_t i = 0; i < all.size(); ++i)
            if (chosen[i] == 0) total += ranks[i];
        ++deals;
        below += total <= observed;
        above += total >= observed;
    } while (std::next_permutation(chosen.begin(), chosen.end()));
    EXPECT_NEAR(rank_test({1, 1, 2, 3}, {2, 3, 4, 5}), 2.0 * std::min(below, above) / deals, 1e-9);
}

// R: p.adjust(c(0.01, 0.04, 0.03, 0.02), "holm")
TEST(Statistics, ManyTestsAreCorrectedAsHolmSays) {
    EXPECT_THAT(holm({0.01, 0.04, 0.03, 0.02}),
                ElementsAre(DoubleNear(0.04, 1e-12), DoubleNear(0.06, 1e-12), DoubleNear(0.06, 1e-12),
                            DoubleNear(0.06, 1e-12)));
    EXPECT_THAT(holm({}), ElementsAre());
}

TEST(Statistics, ThreeRunsProveNothing) {
    EXPECT_EQ(runs_to_prove(0.05), 4U);
    EXPECT_EQ(runs_to_prove(0.11), 3U);
    EXPECT_EQ(runs_to_prove(0.01), 5U);
}

// R: lm(log(dist) ~ log(speed), data = cars), which example(cars) has.
TEST(Statistics, PowerLawOfTheCarsIsWhatRFinds) {
    const std::vector<double> speed = {4,  4,  7,  7,  8,  9,  10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13,
                                       13, 13, 14, 14, 14, 14, 15, 15, 15, 16, 16, 17, 17, 17, 18, 18, 18,
                                       18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24, 25};
    const std::vector<double> dist = {2,  10, 4,  22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28,  26, 34,
                                      34, 46, 26, 36, 60, 80, 20, 26, 54, 32, 40, 32, 40, 50, 42,  56, 76,
                                      84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93, 120, 85};
    std::vector<std::pair<double, double>> points;
    for (std::size_t i = 0; i < speed.size(); ++i) points.emplace_back(speed[i], dist[i]);
    points.emplace_back(0, 3);  // has no logarithm
    const auto law = fit_power_law(points, 0.95);
    ASSERT_TRUE(law);
    EXPECT_NEAR(law->exponent, 1.6024, 0.00005);
    EXPECT_NEAR(std::log(law->factor), -0.7297, 0.00005);
    EXPECT_NEAR(law->explained, 0.7331, 0.00005);
    EXPECT_NEAR(law->exponent_interval.most - law->exponent, 0.1395 * 2.0106, 0.0002);
    EXPECT_FALSE(fit_power_law({{1, 1}, {2, 2}}, 0.95));
    EXPECT_FALSE(fit_power_law({{1, 1}, {1, 2}, {1, 3}}, 0.95));
}

TEST(Statistics, SequentialTestIsWrongNoMoreOftenThanItSays) {
    std::mt19937_64 random(3);
    constexpr double error = 0.02;
    constexpr int tries = 4'000;
    std::size_t runs = 0;
    for (const double share : {0.05, 0.6}) {
        int wrong = 0;
        for (int i = 0; i < tries; ++i) {
            SequentialTest test(0.05, 0.6, error);
            while (test.answer() == SequentialTest::Answer::unsure)
                test.take(std::bernoulli_distribution(share)(random));
            wrong += (test.answer() == SequentialTest::Answer::fails_often) != (share > 0.5);
            runs += test.runs();
        }
        EXPECT_LE(wrong, 1.3 * error * tries) << share;
    }
    EXPECT_LT(double(runs) / tries / 2, 8);
}

TEST(Statistics, SequentialTestSaysHowManyRunsAreLeft) {
    SequentialTest test(0.05, 0.6, 0.01);
    for (std::size_t left = test.runs_left(false); left > 0; --left) {
        EXPECT_EQ(test.runs_left(false), left);
        EXPECT_EQ(test.answer(), SequentialTest::Answer::unsure);
        test.take(false);
    }
    EXPECT_EQ(test.answer(), SequentialTest::Answer::fails_seldom);
    EXPECT_EQ(test.failed(), 0U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
