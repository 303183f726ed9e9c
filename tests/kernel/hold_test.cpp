// SPDX-License-Identifier: Apache-2.0
//
// Packets that we hold: how traces of links, stalls, rates and TCP fare, and what a heal does.
#include <gmock/gmock.h>

#include "fault/holder.h"
#include "hold/loss_draws.h"
#include "kernel/hold_scene.h"
#include "link/trace.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using std::chrono::milliseconds;

INSTANTIATE_TEST_SUITE_P(Kinds, HoldTest, each_fabric(), fabric_name);

TEST_P(HoldTest, WhatIsSentAfterTheHealIsNotLate) {
    QueueSpec spec;
    spec.delay = milliseconds(500);
    FaultScene scene(options(), {plan_of(lists_of(spec))}, 1);
    Stream stream(scene.fabric, v6());
    stream.send(1, milliseconds(0));
    ASSERT_TRUE(stream.receive_one());
    must(scene.fault().fire());
    stream.send(1, milliseconds(0));
    std::this_thread::sleep_for(until_all_met);
    must(scene.fault().heal());
    stream.send(2, milliseconds(0));
    // It overtakes what waits, which comes at its own time.
    const auto first = stream.receive_one(), second = stream.receive_one();
    ASSERT_TRUE(first && second);
    EXPECT_LT(first->on_way(), milliseconds(500));
    EXPECT_LT(second->on_way(), milliseconds(500));
    std::optional<Arrival> last;
    for (int tries = 0; tries < 5 && !last; ++tries) last = stream.receive_one();
    ASSERT_TRUE(last);
    EXPECT_GE(last->on_way(), milliseconds(500));
}

// Of the sender's link up, and the receiver's down.
TEST_P(HoldTest, ALinkIsAsItsTraceSaysAtEachTime) {
    const auto trace = std::make_shared<LinkTrace>(
        std::vector<TraceStep>{{.delay = milliseconds(10), .loss = 0.2},
                               {.at = milliseconds(300), .delay = milliseconds(60)},
                               {.at = milliseconds(600), .delay = milliseconds(20), .loss = 0.5}},
        milliseconds(1000));
    const LossDraws draws(trace->most_loss(), hold_seed);
    Hold up, down;
    up.up.links[1] = {{trace, false}, draws};
    down.down.by_receiver = true;
    constexpr Nanoseconds down_delay = milliseconds(5);
    down.down.links[0] = {
        {std::make_shared<LinkTrace>(std::vector<TraceStep>{{.delay = down_delay}}, Nanoseconds(0))}, {}};
    FaultPlan first = plan_of(up), second = plan_of(down);
    second.nodes = {0};
    second.filter.direction = Direction::down;
    constexpr std::uint32_t count = 900;
    for (int tries = 1;; ++tries) {
        const Lateness lateness;
        FaultScene scene(options(), {first, second}, 1);
        Stream stream(scene.fabric, v6());
        must(scene.fault(1).fire());
        const Nanoseconds before = real_time();
        must(scene.fault(0).fire());
        const Nanoseconds after = real_time();
        std::vector<Arrival> arrivals;
        std::thread reader([&] { arrivals = stream.receive(); });
        stream.send(count, milliseconds(1));
        reader.join();
        if (lateness.longest_ms() > 200 && tries < 5) continue;
        const HeldCount held = scene.table.holder()->count(0, Direction::up, 1);
        EXPECT_EQ(held.packets, count);
        EXPECT_EQ(held.lost, count - arrivals.size());
        EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end(),
                                   [](const Arrival& a, const Arrival& b) { return a.number < b.number; }));
        std::map<std::uint32_t, Arrival> came;
        for (const Arrival& one : arrivals) came[one.number] = one;
        std::vector<double> late_ms;
        int judged = 0;
        Nanoseconds sent = before;  // of the last that came: when those that did not were sent is not known
        for (std::uint32_t number = 1; number <= count; ++number) {
            const auto found = came.find(number);
            if (found != came.end()) sent = found->second.sent;
            // A change of the trace within this time makes it unclear which step counts.
            constexpr Nanoseconds unclear = milliseconds(40);
            const TraceSpan span = span_of({trace, false}, std::max(sent - after - unclear, Nanoseconds(0)),
                                           std::max(sent - before + unclear, Nanoseconds(1)));
            if (span.least_loss != span.most_loss) continue;
            ++judged;
            EXPECT_EQ(found == came.end(), draws.loses(number, span.most_loss)) << "packet " << number;
            if (found == came.end() || span.least_delay != span.most_delay) continue;
            const Nanoseconds late = found->second.on_way() - span.most_delay - down_delay;
            EXPECT_GE(late, Nanoseconds(0)) << "packet " << number;
            late_ms.push_back(std::chrono::duration<double, std::milli>(late).count());
        }
        EXPECT_GT(judged, 300);
        fmt::print("late: p50 {:.3f} ms, p99 {:.3f} ms\n", quantile_ms(late_ms, 0.5),
                   quantile_ms(late_ms, 0.99));
        EXPECT_LT(quantile_ms(late_ms, 0.5), 5 * time_scale());
        return;
    }
}

TEST_P(HoldTest, AStallHoldsAllAndDeliversItInOrderWhenItEnds) {
    Hold hold;
    hold.up.stalls = hold.down.stalls = true;
    FaultScene scene(options(), {plan_of(hold)}, 1);
    Stream stream(scene.fabric, v6());
    for (int firing = 0; firing < 2; ++firing) {
        must(scene.fault().fire());
        stream.send(100, Nanoseconds(0));
        EXPECT_FALSE(stream.receive_one());
        const Nanoseconds healed = real_time();
        must(scene.fault().heal());
        const auto arrivals = stream.receive();
        ASSERT_EQ(arrivals.size(), 100U);
        for (std::uint32_t i = 0; i < 100; ++i) {
            EXPECT_EQ(arrivals[i].number, i + 1);
            EXPECT_GE(arrivals[i].arrived, healed);
        }
        stream.send(1, Nanoseconds(0));
        EXPECT_TRUE(stream.receive_one());
    }
}

TEST_P(HoldTest, ADripLetsSoManyBytesPassInASecond) {
    Hold hold;
    constexpr double bytes_a_second = 10'000;
    hold.up.pace = hold.down.pace = Pace{8 * bytes_a_second, 8 * bytes_a_second, {}};
    FaultScene scene(options(), {plan_of(hold)}, 1);
    Stream stream(scene.fabric, v6());
    must(scene.fault().fire());
    stream.send(10, Nanoseconds(0), 500);
    const auto arrivals = stream.receive();
    ASSERT_EQ(arrivals.size(), 10U);
    const double packet = 500 + 8 + (v6() ? 40 : 20);
    for (std::uint32_t i = 0; i < 10; ++i) {
        EXPECT_EQ(arrivals[i].number, i + 1);
        EXPECT_GE(seconds(arrivals[i].arrived - arrivals[0].sent), packet * (i + 1) / bytes_a_second - 1e-6);
    }
    must(scene.fault().heal());
}

TEST_P(HoldTest, DelaysOfTwoFaultsAddUpAndARateComesAfterThem) {
    QueueSpec spec, slow;
    spec.delay = milliseconds(30);
    slow.bits_per_second = 1'000'000;
    slow.queue_time = std::chrono::seconds(1);
    const FaultPlan late = plan_of(lists_of(spec));
    FaultPlan rate = late;
    rate.action = Queue{slow};
    FaultScene scene(options(), {late, rate, late}, 1);
    Stream stream(scene.fabric, v6());
    for (const std::size_t number : {0, 1, 2}) must(scene.fault(number).fire());
    stream.send(60, Nanoseconds(0), 1000);
    const auto arrivals = stream.receive();
    ASSERT_EQ(arrivals.size(), 60U);
    for (const Arrival& one : arrivals) EXPECT_GE(one.on_way(), milliseconds(60));
    // 16 KiB pass at once.
    const double whole_s = 60 * 1062.0 * 8 / 1e6, at_once_s = 16'384 * 8 / 1e6;
    EXPECT_GE(seconds(arrivals.back().arrived - arrivals.front().sent), 0.06 + whole_s - at_once_s - 0.05);
}

TEST_P(HoldTest, TcpTakesItsRoundTripAndItsBytesPass) {
    QueueSpec spec;
    spec.delay = milliseconds(1);
    FaultPlan plan = plan_of(lists_of(spec));
    plan.filter.direction = Direction::both;
    FaultScene scene(options(), {plan}, 1);
    must(scene.fault().fire());
    const TcpPair pair(scene.fabric, 1, 0, v6());
    constexpr std::size_t bytes = 64 << 20;
    const double took = seconds_on(pair, bytes);
    RecordProperty("mbit_per_second", fmt::format("{:.0f}", bytes * 8 / took / 1e6));
    fmt::print("{:.0f} Mbit/s\n", bytes * 8 / took / 1e6);
    EXPECT_GT(bytes * 8 / took / 1e6, 20);
    const auto missed = must(scene.table.holder()->missed());
    EXPECT_EQ(missed.unread + missed.no_room, 0U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
