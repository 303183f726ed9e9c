// SPDX-License-Identifier: Apache-2.0
//
// Whether the lists have the rates and the bursts that their models promise: 20 seeds of 100,000 packets
// each.
//
// The seeds are fixed, so that a test which passes always passes. What is stated is the chance that a right
// implementation which draws other numbers fails. A bound of 5 standard deviations is passed by a normal
// variable in 6e-7 of all cases; there are 20 lists and their sum for each of 7 rows (rate, and burst length
// where it is known to vary), less than 300 checks: 2e-4 in all. A t variable with 19 degrees of freedom
// is beyond 8 in 2e-7 of all cases: for 7 rows 1e-6.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <ostream>
#include <stdexcept>

#include "fault/loss_model.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr unsigned seeds = 20;
constexpr double sigmas = 5;
constexpr double t_bound = 8;

using Row = std::vector<double>;

// A chain of states, each with a chance that a packet is lost in it: an account of the models that shares
// nothing with the code.
struct Chain {
    std::vector<Row> moves;
    Row loss;

    Row moved(const Row& from) const {
        Row to(from.size(), 0.0);
        for (std::size_t i = 0; i < from.size(); ++i)
            for (std::size_t j = 0; j < from.size(); ++j) to[j] += from[i] * moves[i][j];
        return to;
    }
    double lost(const Row& shares) const {
        double sum = 0;
        for (std::size_t i = 0; i < shares.size(); ++i) sum += shares[i] * loss[i];
        return sum;
    }
};

constexpr int long_enough = 2000;  // steps after which each chain below has forgotten where it began

Row settled(const Chain& chain) {
    Row shares(chain.loss.size(), 0.0);
    shares[0] = 1;
    for (int i = 0; i < long_enough; ++i) shares = chain.moved(shares);
    return shares;
}

// Variance of the number of lost packets, for each packet: rate (1 - rate), and twice the covariances of a
// packet with each one after it. That the chain begins in state 1 shifts the number by less than one packet,
// which is a hundredth of a standard deviation or less.
double variance(const Chain& chain) {
    const Row shares = settled(chain);
    const double rate = chain.lost(shares);
    Row lost_now(shares);
    for (std::size_t i = 0; i < shares.size(); ++i) lost_now[i] *= chain.loss[i];
    double sum = rate * (1 - rate);
    for (int i = 0; i < long_enough; ++i) {
        lost_now = chain.moved(lost_now);
        sum += 2 * (chain.lost(lost_now) - rate * rate);
    }
    return sum;
}

Chain independent(double rate) {
    return {{{1}}, {rate}};
}
Chain gilbert_elliott(double p, double r, double loss_bad, double loss_good) {
    return {{{1 - p, p}, {r, 1 - r}}, {loss_good, loss_bad}};
}
Chain four_states(double p13, double p31, double p32, double p23, double p14) {
    return {{{1 - p13 - p14, 0, p13, p14}, {0, 1 - p23, p23, 0}, {p31, p32, 1 - p31 - p32, 0}, {1, 0, 0, 0}},
            {0, 0, 1, 1}};
}

struct Case {
    const char* text;
    Chain chain;
    // Where each burst ends after each of its packets with this chance: their lengths are independent and
    // geometric, with mean 1/q and variance (1-q)/q^2.
    std::optional<double> burst_ends;
};
void PrintTo(const Case& row, std::ostream* out) {
    *out << row.text;
}

struct Sample {
    double lost = 0;
    double bursts = 0;
    Sample& operator+=(const Sample& other) {
        lost += other.lost;
        bursts += other.bursts;
        return *this;
    }
};

Sample sample(const LossModel& model, std::uint64_t seed) {
    const auto packets = model.lost_packets(seed, default_loss_period);
    if (!packets) throw std::runtime_error(packets.error().text());
    Sample result;
    std::uint32_t previous = 0;
    for (const std::uint32_t packet : *packets) {
        if (result.lost == 0 || packet != previous + 1) ++result.bursts;
        ++result.lost;
        previous = packet;
    }
    return result;
}

class LossStatistics : public testing::TestWithParam<Case> {
  protected:
    LossStatistics() : model_(LossModel::parse(GetParam().text).value()) {
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) samples_.push_back(sample(model_, seed));
        for (const Sample& one : samples_) all_ += one;
    }

    LossModel model_;
    std::vector<Sample> samples_;
    Sample all_;
};

TEST_P(LossStatistics, ShareOfLostPackets) {
    const Chain& chain = GetParam().chain;
    const double rate = chain.lost(settled(chain));
    const double deviation = std::sqrt(variance(chain) / default_loss_period);
    EXPECT_NEAR(model_.expected_rate().value(), rate, 1e-9);
    for (const Sample& one : samples_) EXPECT_NEAR(one.lost / default_loss_period, rate, sigmas * deviation);
    EXPECT_NEAR(all_.lost / default_loss_period / seeds, rate, sigmas * deviation / std::sqrt(seeds));
}

// A burst that the end of the list cuts short is one of hundreds, and is left out of account.
TEST_P(LossStatistics, LengthOfBursts) {
    const std::optional<double> ends = GetParam().burst_ends;
    if (!ends) return;
    const double deviation = std::sqrt(1 - *ends) / *ends;
    EXPECT_NEAR(model_.expected_burst().value(), 1 / *ends, 1e-9);
    for (const Sample& one : samples_)
        EXPECT_NEAR(one.lost / one.bursts, 1 / *ends, sigmas * deviation / std::sqrt(one.bursts));
    EXPECT_NEAR(all_.lost / all_.bursts, 1 / *ends, sigmas * deviation / std::sqrt(all_.bursts));
}

// Of bursts that depend on one another the variance is not known beforehand: it is taken from the 20 lists.
TEST_P(LossStatistics, LengthOfBurstsByStudentsT) {
    double mean = 0;
    double squares = 0;
    for (const Sample& one : samples_) mean += one.lost / one.bursts / seeds;
    for (const Sample& one : samples_) squares += std::pow(one.lost / one.bursts - mean, 2);
    const double error_of_mean = std::sqrt(squares / (seeds - 1) / seeds);
    EXPECT_NEAR(mean, model_.expected_burst().value(), t_bound * error_of_mean);
    EXPECT_LT(error_of_mean, 0.02 * mean) << "the lists differ too much for this to be a test";
}

INSTANTIATE_TEST_SUITE_P(
    LossModels, LossStatistics,
    testing::Values(Case{"iid 5%", independent(0.05), 0.95}, Case{"iid 40%", independent(0.4), 0.6},
                    Case{"burst 1% 25%", gilbert_elliott(0.01, 0.25, 1, 0), 0.25},
                    Case{"burst 2% 20% 80% 1%", gilbert_elliott(0.02, 0.2, 0.8, 0.01), {}},
                    Case{"markov4 10%", four_states(0.1, 0.9, 0, 1, 0), 0.9},
                    Case{"markov4 1% 30% 0% 100% 0%", four_states(0.01, 0.3, 0, 1, 0), 0.3},
                    Case{"markov4 1% 30% 20% 40% 2%", four_states(0.01, 0.3, 0.2, 0.4, 0.02), {}}));

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
