// SPDX-License-Identifier: Apache-2.0
#include "link/queue.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "fault/plan.h"
#include "fault/queues.h"
#include "kernel/queue.h"
#include "link/distribution.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using std::chrono::milliseconds;

TEST(QueueSpec, NothingNeedsNoNetemAndARateAloneDoesNotEither) {
    QueueSpec spec;
    EXPECT_FALSE(spec.needs_netem());
    spec.bits_per_second = 1000;
    EXPECT_FALSE(spec.needs_netem());
    for (const auto change :
         {+[](QueueSpec& s) { s.delay = milliseconds(1); }, +[](QueueSpec& s) { s.jitter = milliseconds(1); },
          +[](QueueSpec& s) { s.reorder = 0.1; }, +[](QueueSpec& s) { s.gap = 5; },
          +[](QueueSpec& s) { s.duplicate = 0.1; }, +[](QueueSpec& s) { s.corrupt = 0.1; }}) {
        QueueSpec changed;
        change(changed);
        EXPECT_TRUE(changed.needs_netem());
    }
}

TEST(QueueSpec, CombinedWithNothingIsItself) {
    QueueSpec spec;
    spec.delay = milliseconds(20);
    spec.jitter = milliseconds(7);
    spec.delay_correlation = 0.25;
    spec.distribution = "pareto";
    spec.reorder = 0.5;
    spec.reorder_correlation = 0.1;
    spec.gap = 3;
    spec.duplicate = 0.25;
    spec.duplicate_correlation = 0.2;
    spec.corrupt = 0.75;
    spec.corrupt_correlation = 0.3;
    spec.bits_per_second = 1'000'000;
    spec.burst_bytes = 3000;
    spec.queue_time = milliseconds(5);
    spec.queue_bytes = 9000;
    EXPECT_EQ(combined(spec, QueueSpec{}), spec);
    EXPECT_EQ(combined(QueueSpec{}, spec), spec);
}

TEST(QueueSpec, DelaysAddUpAndJittersAddAsSpreadsDo) {
    QueueSpec a, b;
    a.delay = milliseconds(20);
    a.jitter = milliseconds(3);
    a.distribution = "normal";
    b.delay = milliseconds(30);
    b.jitter = milliseconds(4);
    b.distribution = "pareto";
    b.delay_correlation = 0.5;
    const QueueSpec sum = combined(a, b);
    EXPECT_EQ(sum.delay, milliseconds(50));
    EXPECT_EQ(sum.jitter, milliseconds(5));
    EXPECT_EQ(sum.distribution, "pareto");
    EXPECT_EQ(sum.delay_correlation, 0.5);
    a.jitter = b.jitter = max_jitter;
    EXPECT_EQ(combined(a, b).jitter, max_jitter);
}

TEST(QueueSpec, SharesCombineAsIndependentChancesDo) {
    QueueSpec a, b;
    a.duplicate = a.corrupt = a.reorder = 0.5;
    b.duplicate = b.corrupt = b.reorder = 0.2;
    a.gap = 2;
    b.gap = 9;
    const QueueSpec sum = combined(a, b);
    for (const double share : {sum.duplicate, sum.corrupt, sum.reorder}) EXPECT_NEAR(share, 0.6, 1e-12);
    EXPECT_EQ(sum.gap, 2U);
    QueueSpec every_fifth;  // without a share
    every_fifth.gap = 5;
    EXPECT_EQ(combined(every_fifth, b).gap, 5U);
    EXPECT_EQ(combined(every_fifth, b).reorder, 1);
}

TEST(QueueSpec, TheLowerRateWinsWithAllThatBelongsToIt) {
    QueueSpec fast, slow;
    fast.bits_per_second = 9'000'000;
    fast.burst_bytes = 50'000;
    fast.queue_time = milliseconds(1);
    slow.bits_per_second = 1'000'000;
    slow.queue_bytes = 10'000;
    for (const QueueSpec& sum : {combined(fast, slow), combined(slow, fast)}) {
        EXPECT_EQ(sum.bits_per_second, slow.bits_per_second);
        EXPECT_EQ(sum.burst_bytes, std::nullopt);
        EXPECT_EQ(sum.queue_time, std::nullopt);
        EXPECT_EQ(sum.queue_bytes, slow.queue_bytes);
    }
}

double mean(const std::vector<std::int16_t>& table) {
    return std::accumulate(table.begin(), table.end(), 0.0) / static_cast<double>(table.size()) / 8192;
}

double deviation(const std::vector<std::int16_t>& table) {
    const double middle = mean(table);
    double sum = 0;
    for (const std::int16_t entry : table) sum += std::pow(entry / 8192.0 - middle, 2);
    return std::sqrt(sum / static_cast<double>(table.size()));
}

TEST(Distribution, TablesRiseAndHaveTheirMeanAndSpread) {
    EXPECT_TRUE(distribution_table("").empty());
    EXPECT_TRUE(distribution_table("uniform").empty());
    for (const char* name : {"normal", "pareto", "paretonormal"}) {
        const auto table = distribution_table(name);
        ASSERT_EQ(table.size(), 4096U) << name;
        EXPECT_TRUE(std::is_sorted(table.begin(), table.end())) << name;
        EXPECT_NEAR(mean(table), 0, 0.05) << name;  // the tail that does not fit is cut off
    }
    const auto normal = distribution_table("normal");
    EXPECT_NEAR(deviation(normal), 1, 0.01);
    EXPECT_NEAR(normal[4096 * 84134 / 100000] / 8192.0, 1, 0.01);  // its share below one deviation
    const auto pareto = distribution_table("pareto");
    EXPECT_NEAR(pareto.front() / 8192.0, -2.0 / 3, 0.01);
    EXPECT_EQ(pareto.back(), 32767);
    EXPECT_NEAR(pareto[2048] / 8192.0, (std::cbrt(2.0) - 1.5) * 4 / 3, 0.01);
    EXPECT_NEAR(distribution_table("paretonormal")[2048] / 8192.0, (std::cbrt(2.0) - 1.5), 0.01);
}

TEST(QueuePlan, OfTooManyLinksIsRefused) {
    FaultPlan slower;
    for (std::size_t node = 0; node <= 1000; ++node) slower.nodes.push_back(node);
    QueueSpec spec;
    spec.bits_per_second = 1'000'000;
    slower.action = Queue{spec};
    ASSERT_TRUE(QueuePlan::make({slower}, 1001));
    const auto plan = QueuePlan::make(std::vector<FaultPlan>(6, slower), 1001);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().kind, Error::Kind::usage);
    EXPECT_NE(plan.error().text().find("fewer nodes"), std::string::npos) << plan.error().text();
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
