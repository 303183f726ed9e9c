// SPDX-License-Identifier: Apache-2.0
//
// What lists say of packets, and when packets that are held pass, with a clock that the test turns.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <vector>

#include "hold/hold_list.h"
#include "hold/hold_queue.h"
#include "link/queue.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

HoldList list_of(const QueueSpec& spec, std::uint64_t seed = 1, std::uint32_t period = 100'000) {
    auto list = HoldList::make(spec, seed, period);
    if (!list) throw std::runtime_error(list.error().text());
    return *list;
}

std::vector<double> delays_ms(const HoldList& list) {
    std::vector<double> all;
    for (std::uint32_t number = 1; number <= list.period(); ++number)
        all.push_back(std::chrono::duration<double, std::milli>(list.at(number).delay).count());
    return all;
}

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Of a value with the one behind it.
double correlation(const std::vector<double>& values) {
    const double middle = mean(values);
    double both = 0, each = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        each += (values[i] - middle) * (values[i] - middle);
        if (i + 1 < values.size()) both += (values[i] - middle) * (values[i + 1] - middle);
    }
    return both / each;
}

TEST(HoldList, IsTheSameOnEveryMachine) {
    QueueSpec spec;
    spec.delay = milliseconds(20);
    spec.jitter = milliseconds(5);
    spec.distribution = "normal";
    const auto sum_of = [&] {
        const HoldList list = list_of(spec, 7, 1000);
        std::uint64_t sum = 0;
        for (std::uint32_t number = 1; number <= 1000; ++number)
            sum = sum * 31 + static_cast<std::uint64_t>(list.at(number).delay.count());
        return sum;
    };
    EXPECT_EQ(sum_of(), 7626739423044131428U);
    spec.distribution = "";
    EXPECT_EQ(sum_of(), 16815175313143741131U);
    QueueSpec wrong;
    wrong.corrupt = 0.02;
    wrong.duplicate = 0.02;
    EXPECT_EQ(list_of(wrong, 7, 100).text(),
              "7 copy\n16 copy\n21 copy\n72 copy\n97 copy\n51 bit 2297676089\n");
}

TEST(HoldList, DelaysHaveTheirMiddleAndTheirSpread) {
    QueueSpec spec;
    spec.delay = milliseconds(100);
    spec.jitter = milliseconds(10);
    for (const auto& [distribution, deviation] :
         {std::pair("uniform", 10 / std::sqrt(3.0)), std::pair("normal", 10.0)}) {
        spec.distribution = distribution;
        const auto delays = delays_ms(list_of(spec));
        EXPECT_NEAR(mean(delays), 100, 0.2) << distribution;
        double squares = 0;
        for (const double delay : delays) squares += (delay - 100) * (delay - 100);
        EXPECT_NEAR(std::sqrt(squares / static_cast<double>(delays.size())), deviation, 0.1) << distribution;
    }
    spec.delay = milliseconds(5);
    const auto delays = delays_ms(list_of(spec));
    EXPECT_EQ(*std::min_element(delays.begin(), delays.end()), 0);
}

TEST(HoldList, ACorrelationIsThatOfAPacketWithTheOneBeforeAndChangesNoShare) {
    QueueSpec spec;
    spec.delay = milliseconds(100);
    spec.jitter = milliseconds(10);
    spec.delay_correlation = 0.6;
    EXPECT_NEAR(correlation(delays_ms(list_of(spec))), 0.6, 0.02);
    EXPECT_NEAR(mean(delays_ms(list_of(spec))), 100, 0.3);
    QueueSpec doubled;
    doubled.duplicate = 0.1;
    doubled.duplicate_correlation = 0.5;
    const HoldList list = list_of(doubled);
    std::vector<double> copied;
    for (std::uint32_t number = 1; number <= list.period(); ++number)
        copied.push_back(list.at(number).copied ? 1 : 0);
    EXPECT_NEAR(mean(copied), 0.1, 0.01);
    EXPECT_NEAR(correlation(copied), 0.5, 0.03);
}

TEST(HoldList, AGapLetsEveryNthOvertake) {
    QueueSpec spec;
    spec.delay = milliseconds(10);
    spec.gap = 5;
    const HoldList list = list_of(spec, 1, 20);
    std::vector<int> at_once;
    for (int number = 1; number <= 20; ++number)
        if (list.at(static_cast<std::uint64_t>(number)).delay == Nanoseconds(0)) at_once.push_back(number);
    EXPECT_THAT(at_once, ElementsAre(5, 10, 15, 20));
}

TEST(HoldList, BeginsAgainAfterItsPeriodAndItsTextHasEachPacket) {
    QueueSpec spec;
    spec.duplicate = 0.3;
    spec.corrupt = 0.3;
    const HoldList list = list_of(spec, 3, 50);
    for (std::uint64_t number = 1; number <= 50; ++number) EXPECT_EQ(list.at(number), list.at(number + 100));
    std::istringstream text(list.text());
    std::size_t lines = 0;
    std::uint64_t number = 0;
    for (std::string what; text >> number >> what; ++lines) {
        const HoldDecision decision = list.at(number);
        if (what == "copy") {
            EXPECT_TRUE(decision.copied);
            continue;
        }
        std::uint32_t bit = 0;
        text >> bit;
        EXPECT_EQ(what, "bit");
        EXPECT_EQ(decision.flip, bit);
    }
    EXPECT_EQ(lines, list.size());
    EXPECT_GT(lines, 10U);
    EXPECT_FALSE(HoldList::make(spec, 1, 0));
    EXPECT_FALSE(HoldList::make(spec, 1, max_hold_period + 1));
}

// Streams of specs, each packet through all of them, or through some.
class HoldQueueTest : public testing::Test {
  protected:
    HoldQueue& make(std::vector<HoldSpec> specs) {
        steps_.resize(specs.size());
        std::iota(steps_.begin(), steps_.end(), 0U);
        queue_.emplace(
            std::move(specs),
            HoldQueue::Exit{[this](std::uint32_t handle, std::uint32_t) { flipped_.push_back(handle); },
                            [this](std::uint32_t handle, unsigned copies) {
                                passed_.insert(passed_.end(), 1 + copies, handle);
                            },
                            [this](std::uint32_t handle) { lost_.push_back(handle); }});
        return *queue_;
    }
    void take(std::uint32_t handle, Nanoseconds came, std::uint64_t sender = 0, std::uint64_t receiver = 0) {
        queue_->take({handle, 1000, sender, receiver}, steps_, came);
    }
    std::vector<std::uint32_t> passed() { return std::exchange(passed_, {}); }
    std::vector<std::uint32_t> passed_at(Nanoseconds now) {
        queue_->pass_due(now);
        return passed();
    }

    HoldQueue::Steps steps_;
    std::optional<HoldQueue> queue_;
    std::vector<std::uint32_t> passed_, flipped_, lost_;
};

HoldSpec delayed(Nanoseconds delay) {
    QueueSpec spec;
    spec.delay = delay;
    HoldSpec hold;
    hold.list = list_of(spec, 1, 1);
    return hold;
}
HoldSpec stalled() {
    HoldSpec hold;
    hold.stalls = true;
    return hold;
}

TEST_F(HoldQueueTest, DelaysAddUpAndKeepTheOrder) {
    HoldQueue& queue = make({delayed(milliseconds(10)), delayed(milliseconds(5))});
    take(1, milliseconds(1));
    take(2, milliseconds(1));
    take(3, milliseconds(2));
    EXPECT_EQ(queue.waiting(), 3U);
    EXPECT_EQ(queue.next(), milliseconds(11));
    EXPECT_THAT(passed_at(milliseconds(15)), IsEmpty());
    EXPECT_EQ(queue.next(), milliseconds(16));
    EXPECT_THAT(passed_at(milliseconds(16)), ElementsAre(1, 2));
    EXPECT_THAT(passed_at(milliseconds(30)), ElementsAre(3));
    EXPECT_EQ(queue.waiting(), 0U);
    EXPECT_EQ(queue.next(), std::nullopt);
}

TEST_F(HoldQueueTest, WeAreLateOnceForAllDelaysOfAPacket) {
    make({delayed(milliseconds(10)), delayed(milliseconds(10))});
    take(1, milliseconds(0));
    EXPECT_THAT(passed_at(milliseconds(19)), IsEmpty());
    EXPECT_THAT(passed_at(milliseconds(20)), ElementsAre(1));
}

TEST_F(HoldQueueTest, AStallEndsAtOnceForAllAndTheRestOfTheWayFollows) {
    HoldQueue& queue = make({stalled(), delayed(milliseconds(10))});
    for (std::uint32_t handle = 1; handle <= 3; ++handle) take(handle, milliseconds(handle));
    EXPECT_EQ(queue.next(), std::nullopt);
    queue.end(0, milliseconds(100));
    take(4, milliseconds(101));  // it was on its way
    EXPECT_THAT(passed_at(milliseconds(110)), ElementsAre(1, 2, 3));
    EXPECT_THAT(passed_at(milliseconds(111)), ElementsAre(4));
    queue.begin(0, milliseconds(112));
    take(5, milliseconds(112));
    EXPECT_THAT(passed_at(seconds(10)), IsEmpty());
    queue.end(0, seconds(10));
    EXPECT_THAT(passed_at(seconds(11)), ElementsAre(5));
}

TEST_F(HoldQueueTest, AStallThatTheKernelHasFiredAgainHoldsByItself) {
    HoldQueue& queue = make({stalled()});
    queue.end(0, seconds(1));
    take(1, seconds(1) + HoldQueue::late);
    EXPECT_THAT(passed(), IsEmpty());
    queue.end(0, seconds(2));
    EXPECT_THAT(passed(), ElementsAre(1));
}

TEST_F(HoldQueueTest, APaceIsOfEachSenderAndWhatWaitsPassesWhenItEnds) {
    HoldSpec spec;
    spec.pace = Pace{8'000, 8'000, {}};  // 1,000 bytes a second
    HoldQueue& queue = make({spec});
    for (std::uint32_t handle = 1; handle <= 4; ++handle) take(handle, seconds(10));
    take(11, seconds(10), 1);
    EXPECT_THAT(passed_at(seconds(11)), ElementsAre(1, 11));
    EXPECT_THAT(passed_at(seconds(12)), ElementsAre(2));
    queue.end(0, milliseconds(12'500));
    EXPECT_THAT(passed(), ElementsAre(3, 4));
    take(5, seconds(13));
    EXPECT_THAT(passed_at(seconds(14)), ElementsAre(5));
}

TEST_F(HoldQueueTest, APaceGrowsByTheSameFactorInEachSecond) {
    HoldSpec spec;
    spec.pace = Pace{8'000, 8'000'000, seconds(3)};  // tenfold each second
    HoldQueue& queue = make({spec});
    take(1, seconds(10));  // 1 s
    EXPECT_EQ(queue.next(), seconds(11));
    EXPECT_THAT(passed_at(seconds(11)), ElementsAre(1));
    take(2, seconds(11));  // 0.1 s
    EXPECT_EQ(queue.next(), milliseconds(11'100));
    EXPECT_THAT(passed_at(seconds(20)), ElementsAre(2));
    take(3, seconds(20));
    EXPECT_EQ(queue.next(), milliseconds(20'001));
}

TEST_F(HoldQueueTest, CopiesAndWrongBitsAreThoseOfTheListWhichTheNextFiringBeginsAnew) {
    QueueSpec both;
    both.duplicate = 0.3;
    both.corrupt = 0.3;
    HoldSpec spec;
    spec.list = list_of(both, 5, 1000);
    HoldQueue& queue = make({spec});
    for (int firing = 0; firing < 2; ++firing) {
        std::vector<std::uint32_t> expected, wrong;
        for (std::uint32_t number = 1; number <= 200; ++number) {
            take(number, seconds(1));
            expected.insert(expected.end(), spec.list.at(number).copied ? 2 : 1, number);
            if (spec.list.at(number).flip) wrong.push_back(number);
        }
        EXPECT_EQ(passed(), expected);
        EXPECT_EQ(std::exchange(flipped_, {}), wrong);
        queue.end(0, seconds(2));
    }
}

TEST(LossDraws, AreTheSameOnEveryMachine) {
    const LossDraws draws(0.5, 7);
    EXPECT_EQ(draws.text(), LossDraws(0.5, 7).text());
    EXPECT_NE(draws.text(), LossDraws(0.5, 8).text());
    EXPECT_TRUE(LossDraws(1e-4, 7).text().starts_with("11253 7.6984882904418406e-05\n"))
        << LossDraws(1e-4, 7).text();
    EXPECT_NEAR(static_cast<double>(draws.size()), 0.5 * LossDraws::period, 500);
}

TEST(LossDraws, WhatIsLostAtAShareIsLostAtALargerOneToo) {
    const LossDraws draws(0.3, 7);
    for (std::uint64_t number = 1; number <= 10'000; ++number)
        EXPECT_TRUE(!draws.loses(number, 0.1) || draws.loses(number, 0.3)) << number;
    EXPECT_NEAR(static_cast<double>(draws.count(1, 100'000, 0.1)), 10'000, 400);
    EXPECT_EQ(draws.count(1, 1000, 0.1), draws.count(LossDraws::period + 1, 1000, 0.1)) << "it begins anew";
    EXPECT_EQ(draws.count(1, 1000, 0), 0U);
    EXPECT_EQ(LossDraws().count(1, 1000, 1), 0U);
    std::istringstream text(draws.text());
    std::uint64_t number = 0;
    double draw = 0;
    ASSERT_TRUE(text >> number >> draw);
    EXPECT_FALSE(draws.loses(number, draw));
    EXPECT_TRUE(draws.loses(number, std::nextafter(draw, 1))) << "the text has all of its digits";
}

// A trace of two halves of a second.
HoldSpec link_of(std::uint64_t node, const TraceStep& first, TraceStep second, std::uint64_t seed = 1) {
    second.at = milliseconds(500);
    auto trace = std::make_shared<LinkTrace>(std::vector<TraceStep>{first, second}, seconds(1));
    HoldSpec spec;
    spec.links[node] = {{trace}, LossDraws(trace->most_loss(), seed)};
    return spec;
}

TEST_F(HoldQueueTest, ALinkDelaysAsItsTraceSaysAtThatTime) {
    HoldQueue& queue = make({link_of(7, {.delay = milliseconds(100)}, {.delay = milliseconds(10)})});
    queue.begin(0, seconds(10));
    take(1, seconds(10), 7);
    take(2, seconds(10), 3);  // of another node
    EXPECT_THAT(passed(), ElementsAre(2));
    EXPECT_EQ(queue.next(), milliseconds(10'100));
    take(3, milliseconds(10'450), 7);
    take(4, milliseconds(10'500), 7);  // it would be there before the one before it
    EXPECT_THAT(passed_at(milliseconds(10'549)), ElementsAre(1));
    EXPECT_THAT(passed_at(milliseconds(10'550)), ElementsAre(3, 4));
    take(5, milliseconds(11'000), 7);  // the trace begins anew
    EXPECT_EQ(queue.next(), milliseconds(11'100));
}

TEST_F(HoldQueueTest, ALinkDownIsTheReceivers) {
    HoldSpec spec = link_of(7, {.delay = milliseconds(100)}, {.delay = milliseconds(100)});
    spec.by_receiver = true;
    HoldQueue& queue = make({spec});
    queue.begin(0, seconds(10));
    take(1, seconds(10), 7, 3);
    EXPECT_THAT(passed(), ElementsAre(1));
    take(2, seconds(10), 3, 7);
    EXPECT_THAT(passed(), IsEmpty());
    EXPECT_THAT(passed_at(seconds(11)), ElementsAre(2));
}

TEST_F(HoldQueueTest, ALinkLosesWhatItsListAndItsTraceSay) {
    HoldQueue& queue = make({link_of(7, {.loss = 0.1}, {.loss = 0.4}, 5)});
    const LossDraws draws(0.4, 5);
    queue.begin(0, seconds(10));
    std::vector<std::uint32_t> lost;
    for (std::uint32_t number = 1; number <= 1000; ++number) {
        take(number, seconds(10) + milliseconds(number - 1), 7);
        if (draws.loses(number, number <= 500 ? 0.1 : 0.4)) lost.push_back(number);
    }
    EXPECT_EQ(lost_, lost);
    EXPECT_EQ(passed().size(), 1000 - lost.size());
    EXPECT_EQ(queue.waiting(), 0U);
    EXPECT_EQ(queue.count(0, 7).packets, 1000U);
    EXPECT_EQ(queue.count(0, 7).lost, lost.size());
    EXPECT_EQ(queue.count(0, 3).packets, 0U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
