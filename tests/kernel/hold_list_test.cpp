// SPDX-License-Identifier: Apache-2.0
//
// Lists say what is done to each packet: whether just that is what its receiver sees.
#include "hold/hold_list.h"

#include <gmock/gmock.h>

#include "kernel/hold_scene.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class HoldListTest : public HoldTest {};
INSTANTIATE_TEST_SUITE_P(Kinds, HoldListTest, each_fabric(), fabric_name);

// By how much packets are later than their list says, of which none is early.
void expect_delays(const std::vector<Arrival>& arrivals, const HoldList& list) {
    std::vector<double> late_ms;
    for (const Arrival& one : arrivals) {
        const Nanoseconds late = one.on_way() - list.at(one.number).delay;
        EXPECT_GE(late, Nanoseconds(0)) << "packet " << one.number;
        late_ms.push_back(std::chrono::duration<double, std::milli>(late).count());
    }
    ASSERT_FALSE(late_ms.empty());
    testing::Test::RecordProperty("late_p50_ms", fmt::format("{:.3f}", quantile_ms(late_ms, 0.5)));
    testing::Test::RecordProperty("late_p99_ms", fmt::format("{:.3f}", quantile_ms(late_ms, 0.99)));
    fmt::print("late: p50 {:.3f} ms, p99 {:.3f} ms\n", quantile_ms(late_ms, 0.5), quantile_ms(late_ms, 0.99));
    EXPECT_LT(quantile_ms(late_ms, 0.5), 5 * time_scale());
}

TEST_P(HoldListTest, DelayIsThatOfEachPacketAndTheirOrderStays) {
    QueueSpec spec;
    spec.delay = milliseconds(20);
    const Hold hold = lists_of(spec);
    const auto arrivals = meet(plan_of(hold), 1000, milliseconds(1));
    ASSERT_EQ(arrivals.size(), 1000U);
    EXPECT_EQ(hits_, 1000U);
    EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end(),
                               [](const Arrival& a, const Arrival& b) { return a.number < b.number; }));
    expect_delays(arrivals, hold.up.list);
}

TEST_P(HoldListTest, JitterIsThatOfTheListForEachPacket) {
    QueueSpec spec;
    spec.delay = milliseconds(30);
    spec.jitter = milliseconds(25);
    spec.distribution = "normal";
    const Hold hold = lists_of(spec);
    const auto arrivals = meet(plan_of(hold), 500, milliseconds(1));
    ASSERT_EQ(arrivals.size(), 500U);
    expect_delays(arrivals, hold.up.list);
    EXPECT_FALSE(std::is_sorted(arrivals.begin(), arrivals.end(),
                                [](const Arrival& a, const Arrival& b) { return a.number < b.number; }));
}

TEST_P(HoldListTest, JustThePacketsOfTheListOvertake) {
    QueueSpec spec;
    spec.delay = milliseconds(100);
    spec.reorder = 0.3;
    const Hold hold = lists_of(spec);
    const auto arrivals = meet(plan_of(hold), 300, milliseconds(1));
    ASSERT_EQ(arrivals.size(), 300U);
    expect_delays(arrivals, hold.up.list);
    std::uint32_t highest = 0;
    int overtaken = 0;
    for (const Arrival& one : arrivals) {
        if (one.number < highest) ++overtaken;
        highest = std::max(highest, one.number);
    }
    EXPECT_GT(overtaken, 100);
}

TEST_P(HoldListTest, JustThePacketsOfTheListComeTwice) {
    QueueSpec spec;
    spec.duplicate = 0.2;
    const Hold hold = lists_of(spec);
    const auto times = times_of(meet(plan_of(hold), 3000, Nanoseconds(0)));
    ASSERT_EQ(times.size(), 3000U);
    for (const auto& [number, count] : times)
        EXPECT_EQ(count, hold.up.list.at(number).copied ? 2 : 1) << "packet " << number;
}

// Traffic class, flow label and hop limit of IPv6 are under no checksum.
bool is_harmless(std::uint32_t bit, bool v6) {
    if (!v6) return false;
    const std::uint32_t byte = bit / 8;
    return byte == 7 || (byte > 0 && byte < 4) || (byte == 0 && bit % 8 < 4);
}

TEST_P(HoldListTest, JustThePacketsOfTheListAreWrong) {
    QueueSpec spec;
    spec.corrupt = 0.2;
    const Hold hold = lists_of(spec);
    constexpr std::size_t payload = 64;
    const std::uint32_t bits = (payload + 8 + (v6() ? 40 : 20)) * 8;
    const auto times = times_of(meet(plan_of(hold), 3000, Nanoseconds(0), payload));
    for (std::uint32_t number = 1; number <= 3000; ++number) {
        const auto flip = hold.up.list.at(number).flip;
        EXPECT_EQ(times.contains(number), !flip || is_harmless(*flip % bits, v6()))
            << "packet " << number << ", bit " << (flip ? *flip % bits : 0);
    }
}

// IPv6 has fewer: what it does differently is the header alone.
TEST_P(HoldListTest, UpToAHundredThousandPacketsFareAsTheirListSays) {
    QueueSpec spec;
    spec.delay = milliseconds(5);
    spec.jitter = milliseconds(3);
    spec.distribution = "normal";
    spec.duplicate = spec.corrupt = 0.05;
    const std::uint32_t count = v6() ? 25'000 : 100'000;
    constexpr std::size_t payload = 64;
    const Hold hold = lists_of(spec, count);
    const std::uint32_t bits = (payload + 8 + (v6() ? 40 : 20)) * 8;
    const auto arrivals = meet(plan_of(hold), count, microseconds(10), payload);
    const auto times = times_of(arrivals);
    std::uint32_t wrong = 0;
    for (std::uint32_t number = 1; number <= count; ++number) {
        const HoldDecision decision = hold.up.list.at(number);
        const bool is_lost = decision.flip && !is_harmless(*decision.flip % bits, v6());
        const int expected = is_lost ? 0 : decision.copied ? 2 : 1;
        const auto found = times.find(number);
        if ((found == times.end() ? 0 : found->second) != expected) ++wrong;
    }
    EXPECT_EQ(wrong, 0U) << "of " << count << " packets";
    expect_delays(arrivals, hold.up.list);
}

TEST_P(HoldListTest, TheNextFiringBeginsTheListAnew) {
    QueueSpec spec;
    spec.duplicate = 0.3;
    const Hold hold = lists_of(spec);
    FaultScene scene(options(), {plan_of(hold)}, 1);
    Stream stream(scene.fabric, v6());
    for (int firing = 0; firing < 3; ++firing) {
        must(scene.fault().fire());
        stream.send(200, Nanoseconds(0));
        std::this_thread::sleep_for(until_all_met);
        must(scene.fault().heal());
        const auto times = times_of(stream.receive());
        ASSERT_EQ(times.size(), 200U);
        for (const auto& [number, count] : times)
            EXPECT_EQ(count, hold.up.list.at(number).copied ? 2 : 1) << "packet " << number;
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
