// SPDX-License-Identifier: Apache-2.0
//
// Traces of links: as text, over time, by models, and as token buckets.
#include "link/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "link/pacer.h"
#include "link/trace_model.h"
#include "link/trace_text.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr double packet = 1514 * 8;  // bits

LinkTrace read(const std::string& text) {
    auto trace = parse_trace(text, "some.trace");
    if (!trace) throw std::runtime_error(trace.error().text());
    return std::move(*trace);
}

std::string mistake_in(const std::string& text) {
    const auto trace = parse_trace(text, "some.trace");
    return trace ? "none" : trace.error().text();
}

double bits_in(TraceCursor& cursor, Nanoseconds until) {
    return cursor.advance(until);
}

TEST(Trace, OfMahimahiHasAPacketForEachLine) {
    const LinkTrace trace = read("1\n1\n3\n10\n");
    EXPECT_EQ(trace.length(), 10ms);
    TraceCursor cursor({std::make_shared<LinkTrace>(trace)});
    EXPECT_NEAR(bits_in(cursor, 1ms), 2 * packet, 1);
    EXPECT_NEAR(bits_in(cursor, 2ms), 0, 1);
    EXPECT_NEAR(bits_in(cursor, 3ms), packet, 1);
    EXPECT_NEAR(bits_in(cursor, 9ms), 0, 1);
    EXPECT_NEAR(bits_in(cursor, 10ms), packet, 1);
    EXPECT_NEAR(bits_in(cursor, 11ms), 2 * packet, 1) << "it begins again";
    EXPECT_NEAR(bits_in(cursor, 1s), 98.9 * 4 * packet, 3 * packet);
}

TEST(Trace, OfCsvHasARateUntilTheNextLine) {
    const LinkTrace trace = read("t,mbit\r\n# comment\n0,8\n0.5,0\n 1.0 , 16\n");
    EXPECT_EQ(trace.length(), 1500ms);
    TraceCursor cursor({std::make_shared<LinkTrace>(trace), false, 1});
    EXPECT_NEAR(bits_in(cursor, 250ms), 2e6, 1);
    EXPECT_NEAR(bits_in(cursor, 750ms), 2e6, 1);
    EXPECT_NEAR(bits_in(cursor, 1500ms), 8e6, 1);
    EXPECT_NEAR(bits_in(cursor, 2500ms), (8 * 0 + 16 * 0.5) * 1e6, 1) << "as its last second was";
}

TEST(Trace, GoesFasterWithTheSameRates) {
    const LinkTrace trace = read("0,8\n1,24\n");
    TraceCursor cursor({std::make_shared<LinkTrace>(trace), true, 2});
    EXPECT_NEAR(bits_in(cursor, 500ms), 4e6, 1);
    EXPECT_NEAR(bits_in(cursor, 1s), 12e6, 1);
    EXPECT_NEAR(bits_in(cursor, 3s), 32e6, 1);
}

TEST(Trace, OfOneLineIsAlwaysTheSame) {
    TraceCursor cursor({std::make_shared<LinkTrace>(read("0,8\n"))});
    EXPECT_NEAR(bits_in(cursor, 100s), 800e6, 1);
}

TEST(Trace, HasDelayAndLossWhereTheyAreGiven) {
    const LinkTrace trace = read("t,mbit,delay_ms,loss\n0,8,20,0.01\n1,9,30,0\n");
    EXPECT_TRUE(trace.has_delay());
    EXPECT_TRUE(trace.has_loss());
    EXPECT_EQ(trace.steps()[0].delay, 20ms);
    EXPECT_FALSE(read("0,8\n1,9\n").has_delay());
}

TEST(Trace, TellsItsDelayAndLossAtEachTime) {
    const auto trace = std::make_shared<LinkTrace>(read("t,mbit,delay_ms,loss\n0,8,20,0.01\n1,9,30,0\n"));
    const TracePlay looped{trace}, once{trace, false}, fast{trace, true, 2};
    EXPECT_EQ(step_at(looped, 999ms).delay, 20ms);
    EXPECT_EQ(step_at(looped, 1s).delay, 30ms);
    EXPECT_EQ(step_at(looped, 2s).delay, 20ms);
    EXPECT_EQ(step_at(once, 5s).delay, 30ms);
    EXPECT_EQ(step_at(fast, 500ms).delay, 30ms);
    const TraceSpan span = span_of(looped, 500ms, 2500ms);
    EXPECT_EQ(span.delay, 25ms);
    EXPECT_EQ(span.least_delay, 20ms);
    EXPECT_EQ(span.most_delay, 30ms);
    EXPECT_EQ(span.least_loss, 0);
    EXPECT_EQ(span.most_loss, 0.01);
    EXPECT_EQ(span_of(looped, 2100ms, 2200ms).most_delay, 20ms);
    EXPECT_EQ(span_of(once, 3s, 9s).delay, 30ms);
    EXPECT_EQ(trace->most_loss(), 0.01);
    const TracePlay constant{std::make_shared<LinkTrace>(read("0,8,20\n"))};
    EXPECT_EQ(span_of(constant, 3s, 9s).delay, 20ms);
}

TEST(Trace, SaysWhereItIsWrong) {
    EXPECT_THAT(mistake_in(""), HasSubstr("the trace is empty"));
    EXPECT_THAT(mistake_in("1\n2x\n"), HasSubstr("some.trace:2:1: it is no whole number"));
    EXPECT_THAT(mistake_in("5\n3\n"), HasSubstr("some.trace:2:1: 3 comes after 5"));
    EXPECT_THAT(mistake_in("0\n0\n"), HasSubstr("the trace has no length"));
    EXPECT_THAT(mistake_in("99999999999\n"), HasSubstr("longer than a week"));
    EXPECT_THAT(mistake_in("0,8\n1,-2\n"),
                HasSubstr("some.trace:2:3: the rate in Mbit/s is not from 0 to 16000"));
    EXPECT_THAT(mistake_in("0,8\n0,9\n"), HasSubstr("some.trace:2:1: its time is not after"));
    EXPECT_THAT(mistake_in("1,8\n"), HasSubstr("some.trace:1:1: the first time is not 0"));
    EXPECT_THAT(mistake_in("0,8,1,0.5,3\n"), HasSubstr("some.trace:1:11: it has more than four columns"));
    EXPECT_THAT(mistake_in("0,nan\n"), HasSubstr("some.trace:1:3: the rate in Mbit/s is no number"));
    EXPECT_THAT(mistake_in("t,mbit\n"), HasSubstr("no line but its names"));
    EXPECT_THAT(mistake_in(std::string(2'000'000, '\n')), HasSubstr("the trace is empty"));
}

TEST(Trace, ComesBackFromItsText) {
    const LinkTrace trace = make_trace(*trace_model("satellite"), 3, 60s, 20e6);
    const LinkTrace csv = read(csv_text(trace)), mahimahi = read(mahimahi_text(trace));
    ASSERT_EQ(csv.steps().size(), trace.steps().size());
    EXPECT_NEAR(csv.mean(), trace.mean(), 0.03 * trace.mean());
    EXPECT_EQ(mahimahi.length(), trace.length());
    EXPECT_NEAR(mahimahi.mean(), trace.mean(), 0.001 * trace.mean());
}

TEST(TraceModel, IsTheSameForASeedAndHasTheMeanThatIsAskedFor) {
    for (const TraceModel& model : trace_models()) {
        const LinkTrace one = make_trace(model, 7, {}, 0), again = make_trace(model, 7, {}, 0),
                        other = make_trace(model, 8, {}, 0);
        EXPECT_EQ(one.steps(), again.steps()) << model.name;
        EXPECT_NE(one.steps(), other.steps()) << model.name;
        EXPECT_NEAR(one.mean(), model.mean, 1) << model.name;
        EXPECT_NEAR(make_trace(model, 7, 60s, 5e6).mean(), 5e6, 1) << model.name;
        EXPECT_EQ(one.length(), model.length) << model.name;
        EXPECT_GT(one.steps().size(), 10U) << model.name;
        EXPECT_EQ(one.steps().front().at, 0s) << model.name;
    }
}

// What a bucket of the kernel would let pass in each stretch, if there is always something to send.
class Bucket {
  public:
    double pass(const std::optional<BucketRate>& pace, Nanoseconds length) {
        if (pace) {
            pace_ = *pace;
            tokens_ = pace_.burst;
        }
        const double all = tokens_ + static_cast<double>(pace_.bytes_per_second) * seconds(length);
        const double passed = std::floor(all / 1514) * 1514;
        tokens_ = all - passed;
        return passed;
    }

  private:
    BucketRate pace_{};
    double tokens_ = 0;
};

TEST(LinkPacer, LetsWholePacketsPassAndKeepsTheRest) {
    for (const double mean : {0.05e6, 0.3e6, 3e6, 12e6, 200e6, 5e9}) {
        const LinkTrace trace = make_trace(*trace_model("lte"), 5, 60s, mean);
        TraceCursor cursor({std::make_shared<LinkTrace>(trace)});
        LinkPacer pacer(1500);
        Bucket bucket;
        double could = 0, passed = 0, most = 0;
        for (int step = 1; step <= 600; ++step) {
            const double bits = cursor.advance(step * 100ms);
            const double now = bucket.pass(pacer.step(bits, 100ms), 100ms);
            could += bits / 8;
            passed += now;
            most = std::max(most, bits / 8);  // a tenth of a step may pass at its beginning
            if (mean < 1e9) {
                EXPECT_NEAR(passed, could, 4 * 1514 + 0.15 * most) << mean << " step " << step;
            }
        }
        EXPECT_NEAR(passed / could, 1, 0.01) << mean;
    }
}

TEST(LinkPacer, LeavesTheBucketAloneWhileTheRateIsTheSame) {
    LinkPacer pacer(1500);
    EXPECT_TRUE(pacer.step(1e6, 100ms));
    const auto steady = pacer.step(1e6, 100ms);
    ASSERT_TRUE(steady);
    EXPECT_EQ(steady->bytes_per_second, 1'250'000U);
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(pacer.step(1e6, 100ms));
    EXPECT_TRUE(pacer.step(0, 100ms)->holds());
    EXPECT_FALSE(pacer.step(0, 100ms));
    EXPECT_TRUE(pacer.step(2e6, 100ms));
}

TEST(LinkPacer, KeepsASteadyRateHoweverLateItsStretchesBegin) {
    constexpr double bits = 10e6;
    Random random(5);
    LinkPacer pacer(1500);
    Bucket bucket;
    double passed = bucket.pass(pacer.step(bits, 100ms), 100ms);
    int changes = 0;
    for (int step = 1; step < 600; ++step) {
        const Nanoseconds late(static_cast<std::int64_t>(random.next(20'000, 200'000)));
        passed += bucket.pass({}, late);
        const auto pace = pacer.step(bits, 100ms, late);
        if (pace) {
            ++changes;
            EXPECT_EQ(pace->bytes_per_second, 12'500'000U);
        }
        passed += bucket.pass(pace, 100ms - late);
    }
    EXPECT_EQ(changes, 1);
    EXPECT_NEAR(passed / (600 * bits / 8), 1, 0.001);
}

TEST(LinkPacer, WhatIsPacedEndsInTimeHoweverLateItBegins) {
    LinkPacer pacer(1500);
    pacer.step(1e6, 100ms);
    const auto pace = pacer.step(12e6, 100ms, 20ms);
    ASSERT_TRUE(pace);
    EXPECT_NEAR(Bucket().pass(pace, 80ms), 12e6 / 8, 2 * 1514);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
