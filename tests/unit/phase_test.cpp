// SPDX-License-Identifier: Apache-2.0
//
// The classifier with made-up samples: what it must say, and where it must say that it does not know.
#include "phase/phase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "base/time.h"
#include "unit/phase_story.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;

TEST(Phases, ARoundIsToldInItsPhases) {
    Story story;
    story.idle(300ms).connect().both(10ms, 2000, 2500, 3).down(200ms).close();
    story.compute(400ms).connect().both(10ms, 2000, 2500, 3).up(200ms).idle(150ms).down(5ms, 200);
    story.close().idle(300ms);
    const auto intervals = story.end();
    EXPECT_THAT(phases(intervals), ElementsAre(Phase::idle, Phase::receiving, Phase::computing,
                                               Phase::sending, Phase::waiting, Phase::idle));
    EXPECT_EQ(time_in(intervals, Phase::idle), 600ms);
    EXPECT_EQ(time_in(intervals, Phase::waiting), 150ms);
    // Less the spans in which they began and ended.
    EXPECT_EQ(time_in(intervals, Phase::receiving), 200ms - 2 * period);
    EXPECT_EQ(time_in(intervals, Phase::computing), 400ms - period);
    EXPECT_EQ(time_in(intervals, Phase::sending), 200ms - 2 * period);
    EXPECT_EQ(first(intervals, Phase::sending).sent, 38U * 30'000U);
    EXPECT_EQ(first(intervals, Phase::sending).received, 0U);
}

TEST(Phases, IntervalsHaveNoHolesAndNoByteIsCountedTwice) {
    std::mt19937 random(20261);
    for (int run = 0; run < 200; ++run) {
        Story story;
        bool connected = false;
        for (int step = 0; step < 60; ++step) {
            const Nanoseconds time = period * (1 + random() % 30);
            switch (random() % 11) {
                case 0:
                    story.idle(time);
                    break;
                case 1:
                    story.compute(time, static_cast<double>(random() % 100) / 100);
                    break;
                case 2:
                    story.up(time, random() % 40'000);
                    break;
                case 3:
                    story.down(time, random() % 40'000);
                    break;
                case 4:
                    story.both(time, random() % 4000, random() % 4000);
                    break;
                case 5:
                    story.poll();
                    break;
                case 6:
                    story.unacknowledged(time, random() % 3000, random() % 2 == 0);
                    break;
                case 7:
                    story.not_sampled_for(time);
                    break;
                case 8:
                    story.starve(time);
                    break;
                case 9:
                    connected ? story.close() : story.connect();
                    connected = !connected;
                    break;
                default:
                    story.sample_fails();
            }
            const PhaseNow now = story.now();
            EXPECT_LE(now.since, story.time());
        }
        const auto intervals = story.end();
        ASSERT_FALSE(intervals.empty());
        EXPECT_EQ(intervals.front().from, 0ms);
        EXPECT_EQ(intervals.back().to, story.time());
        for (std::size_t i = 1; i < intervals.size(); ++i) {
            EXPECT_EQ(intervals[i].from, intervals[i - 1].to);
            EXPECT_LT(intervals[i].from, intervals[i].to);
        }
    }
}

TEST(Phases, PollsBelongToTheIdleTimeAroundThem) {
    Story story;
    for (int i = 0; i < 20; ++i) story.idle(250ms).poll();
    story.idle(250ms);
    const auto intervals = story.end();
    ASSERT_THAT(phases(intervals), ElementsAre(Phase::idle));
    EXPECT_EQ(intervals.front().to - intervals.front().from, 21 * 250ms + 20 * 10ms);
    EXPECT_EQ(intervals.front().sent, 20U * 2 * 1500) << "its bytes are counted";
}

TEST(Phases, AHeartbeatDoesNotInterruptComputing) {
    Story story;
    story.connect();
    for (int i = 0; i < 10; ++i) story.compute(300ms).both(5ms, 150, 150);
    story.compute(300ms);
    const auto intervals = story.end();
    ASSERT_THAT(phases(intervals), ElementsAre(Phase::computing));
    EXPECT_GT(time_in(intervals, Phase::computing), 3s);
}

TEST(Phases, ALongPollIsNotIdle) {
    Story story;
    story.idle(300ms).connect().both(10ms, 1500, 2500, 3).up(5ms, 400).idle(2s).down(5ms, 150);
    story.close().idle(300ms);
    const auto intervals = story.end();
    EXPECT_THAT(phases(intervals), ElementsAre(Phase::idle, Phase::waiting, Phase::idle));
    EXPECT_EQ(time_in(intervals, Phase::waiting), 2s);
}

TEST(Phases, APauseInAnUploadIsPartOfIt) {
    Story story;
    story.idle(200ms).connect();
    for (int i = 0; i < 30; ++i) story.up(5ms, 8000).idle(25ms);
    story.idle(200ms);
    const auto intervals = story.end();
    EXPECT_THAT(phases(intervals), ElementsAre(Phase::idle, Phase::sending, Phase::waiting));
    EXPECT_EQ(time_in(intervals, Phase::sending), 29 * 30ms - period);
    EXPECT_EQ(time_in(intervals, Phase::waiting), 225ms);
}

TEST(Phases, WindowUpdatesAndPingsAreNoMessages) {
    Story story;
    story.connect().up(5ms).up(100ms).chatter(30ms).idle(200ms);
    EXPECT_EQ(story.now().phase, Phase::waiting) << "what came back was no answer";
    story.down(5ms).chatter(20ms).compute(300ms).chatter(5ms).compute(300ms);
    const auto intervals = story.end();
    EXPECT_THAT(phases(intervals), ElementsAre(Phase::sending, Phase::waiting, Phase::computing));
}

TEST(Phases, WhatWaitsInASocketIsBeingSent) {
    Story story;
    story.connect().idle(200ms).up(100ms).unacknowledged(2s, 50'000).idle(100ms);
    const auto intervals = story.end();
    EXPECT_GE(first(intervals, Phase::sending).to - first(intervals, Phase::sending).from, 2s);
    EXPECT_EQ(intervals.back().phase, Phase::waiting);
}

TEST(Phases, AnAcknowledgementMayBeLate) {
    Story story;
    story.idle(200ms).connect().up(100ms).unacknowledged(40ms, 1000);
    EXPECT_EQ(story.now().uploaded, 0U) << "not all of it is acknowledged";
    story.idle(10ms);
    EXPECT_EQ(story.now().uploaded, 20U * 30'000U);
    story.down(5ms, 200).idle(100ms);
    const auto intervals = story.end();
    EXPECT_THAT(phases(intervals), ElementsAre(Phase::idle, Phase::sending, Phase::waiting));
    EXPECT_EQ(time_in(intervals, Phase::waiting), 10ms - period);
}

TEST(Phases, WhatIsSentOnceMoreIsBeingSent) {
    Story story;
    story.connect().idle(200ms).unacknowledged(200ms, 300).unacknowledged(1s, 300, true).idle(100ms);
    EXPECT_GE(time_in(story.end(), Phase::sending), 1s - period);
}

TEST(Phases, WithoutAConnectionNothingIsWaitedFor) {
    Story story;
    story.idle(200ms).connect().up(100ms).idle(300ms).close().idle(300ms);
    EXPECT_THAT(phases(story.end()), ElementsAre(Phase::idle, Phase::sending, Phase::waiting, Phase::idle));
}

TEST(Phases, AKeptConnectionsAnswerEndsTheWaiting) {
    Story story;
    story.connect().idle(200ms).up(5ms, 300).down(50ms).idle(200ms);
    EXPECT_EQ(story.now().phase, Phase::unknown) << "the answer may have got stuck";
    story.up(5ms, 300).down(5ms, 300).idle(200ms);
    EXPECT_EQ(story.now().phase, Phase::idle) << "the connection is used again: it is kept";
    for (int i = 0; i < 3; ++i) story.both(5ms, 150, 130).idle(250ms);
    EXPECT_EQ(story.now().phase, Phase::idle) << "one question, one answer";
    story.both(5ms, 300, 300, 3).idle(250ms);
    EXPECT_EQ(story.now().phase, Phase::unknown) << "several: the last may be unanswered";
    story.close().idle(100ms);
    EXPECT_EQ(story.now().phase, Phase::idle);
}

TEST(Phases, ALittleAfterAnAnswerMayBeNoQuestion) {
    Story story;
    story.connect().idle(200ms).up(100ms).idle(100ms).down(5ms, 140).up(5ms, 140).idle(200ms);
    EXPECT_EQ(story.now().phase, Phase::unknown);
    story.compute(200ms);
    EXPECT_EQ(story.now().phase, Phase::computing);
}

TEST(Phases, GreetingsOnANewConnectionAreNoAnswer) {
    Story story;
    story.idle(200ms).connect().both(5ms, 1500, 2500, 3).down(5ms, 300).idle(300ms);
    EXPECT_EQ(story.now().phase, Phase::unknown);
    EXPECT_THAT(phases(story.end()), ElementsAre(Phase::idle));
}

TEST(Phases, AStarvedProcessComputes) {
    Story story;
    story.idle(200ms);
    for (int i = 0; i < 40; ++i) story.compute(5ms, 0.6).idle(40ms);
    story.idle(200ms);
    const auto intervals = story.end();
    EXPECT_THAT(phases(intervals), ElementsAre(Phase::idle, Phase::computing, Phase::idle));
    EXPECT_GT(time_in(intervals, Phase::computing), 39 * 45ms - 2 * period);
}

TEST(Phases, WhoHadNoCpuForLongDidNotPause) {
    Story story;
    story.idle(200ms);
    for (int i = 0; i < 20; ++i) story.compute(5ms).starve(150ms);
    story.idle(1500ms);
    const auto intervals = story.end();
    EXPECT_THAT(phases(intervals), ElementsAre(Phase::idle, Phase::computing, Phase::idle));
    EXPECT_GT(time_in(intervals, Phase::computing), 3s);
    EXPECT_EQ(time_in(intervals, Phase::idle), 1700ms);
}

TEST(Phases, OnACrowdedMachineWhatIsShortIsUnknown) {
    for (const bool crowded : {false, true}) {
        Story story;
        story.idle(300ms).crowd(crowded).connect().up(5ms, 300).down(150ms).compute(150ms).close().idle(
            600ms);
        const auto intervals = story.end();
        const Nanoseconds least = crowded ? 0ms : 100ms;
        EXPECT_EQ(time_in(intervals, Phase::receiving) > least, !crowded);
        EXPECT_EQ(time_in(intervals, Phase::computing) > least, !crowded);
        EXPECT_GT(time_in(intervals, Phase::idle), 800ms);
    }
}

TEST(Phases, WhatIsNotReadYetIsStillBeingReceived) {
    Story story;
    story.idle(300ms).connect().up(5ms, 300).down(100ms).unread(200ms, 100'000).down(5ms).close().idle(300ms);
    const auto intervals = story.end();
    EXPECT_GE(time_in(intervals, Phase::receiving), 290ms);
    EXPECT_EQ(time_in(intervals, Phase::computing), 0ms);
    Story little;
    little.idle(300ms).connect().up(5ms, 300).down(100ms).unread(200ms, 100).close().idle(300ms);
    EXPECT_LT(time_in(little.end(), Phase::receiving), 110ms);
}

TEST(Phases, WhoGetsACpuAtTheEndOfASpanHasWaitedForIt) {
    Story story;
    story.idle(200ms);
    for (int i = 0; i < 20; ++i) story.compute(5ms).starve(100ms, 0.01).compute(5ms);
    story.idle(1500ms);
    EXPECT_THAT(phases(story.end()), ElementsAre(Phase::idle, Phase::computing, Phase::idle));
}

TEST(Phases, StarvedBeforeAQuestionIsUnknown) {
    Story story;
    story.idle(300ms).connect().up(5ms, 300).down(50ms).close().idle(200ms);
    story.starve(100ms).connect().up(100ms).idle(100ms);
    for (const PhaseInterval& interval : story.end())
        if (interval.phase == Phase::idle) {
            EXPECT_LE(interval.to, 300ms + 255ms);
        }
}

TEST(Phases, ALittleMoreDoesNotChangeThatAnAnswerIsDue) {
    Story story;
    story.idle(200ms).connect().up(100ms).idle(40ms).up(5ms, 140).idle(100ms).up(5ms, 140).idle(100ms);
    const auto intervals = story.end();
    EXPECT_THAT(phases(intervals), ElementsAre(Phase::idle, Phase::sending, Phase::waiting));
    EXPECT_EQ(time_in(intervals, Phase::waiting), 250ms);
}

TEST(Phases, WhatIsAsSmallAsAPollIsNotToldApart) {
    Story story;
    story.idle(200ms).connect().up(40ms, 300).idle(20ms).up(40ms, 300).down(40ms, 300).close().idle(200ms);
    EXPECT_THAT(phases(story.end()), ElementsAre(Phase::idle, Phase::idle));
}

TEST(Phases, HousekeepingIsNotComputing) {
    Story story;
    for (int i = 0; i < 40; ++i) story.idle(95ms).compute(5ms, 0.15);
    EXPECT_EQ(story.now().phase, Phase::idle);
    EXPECT_THAT(phases(story.end()), ElementsAre(Phase::idle));
}

TEST(Phases, AShortUseOfTheCpuIsUnknown) {
    Story story;
    story.idle(300ms).compute(25ms).idle(300ms);
    const auto intervals = story.end();
    EXPECT_THAT(phases(intervals), ElementsAre(Phase::idle, Phase::idle));
    EXPECT_EQ(time_in(intervals, Phase::unknown), 25ms);
}

TEST(Phases, WhereOnePhaseBecomesAnotherItIsUnknown) {
    Story story;
    story.idle(200ms).connect().up(100ms).idle(100ms);
    const auto intervals = story.end();
    ASSERT_EQ(intervals.size(), 5U);
    EXPECT_EQ(intervals[1].phase, Phase::unknown);
    EXPECT_EQ(intervals[1].to - intervals[1].from, period);
    EXPECT_EQ(intervals[3].phase, Phase::unknown);
    EXPECT_EQ(intervals[3].to - intervals[3].from, period);
}

TEST(Phases, ALongGapBetweenSamplesIsUnknown) {
    Story story;
    story.compute(300ms).not_sampled_for(200ms).compute(300ms);
    const auto intervals = story.end();
    EXPECT_THAT(phases(intervals), ElementsAre(Phase::computing, Phase::computing));
    EXPECT_GE(time_in(intervals, Phase::unknown), 200ms);
}

TEST(Phases, AFailedSampleIsUnknownOnBothSides) {
    Story story;
    story.idle(300ms).sample_fails().idle(300ms);
    EXPECT_EQ(time_in(story.end(), Phase::unknown), 2 * period);
}

TEST(Phases, OfAnUploadUnderWayItIsKnownAtOnce) {
    Story story;
    story.connect().idle(200ms).up(5ms);
    EXPECT_EQ(story.now().phase, Phase::unknown) << "it may be over already";
    story.up(5ms);
    EXPECT_EQ(story.now().phase, Phase::sending);
    EXPECT_EQ(story.now().since, 205ms);
    EXPECT_EQ(story.now().uploaded, 0U) << "it may not be all";
    story.up(40ms).idle(5ms);
    EXPECT_EQ(story.now().uploaded, 10U * 30'000U);
    EXPECT_EQ(story.now().phase, Phase::unknown) << "a pause, or the end";
    story.idle(45ms);
    EXPECT_EQ(story.now().phase, Phase::waiting);
    EXPECT_EQ(story.now().since, 250ms);
    EXPECT_EQ(story.now().uploaded, 10U * 30'000U);
    story.down(5ms, 200);
    EXPECT_EQ(story.now().uploaded, 0U) << "the reply has come";
}

TEST(Phases, AtRestNoAnswerIsDue) {
    Story story;
    story.idle(100ms);
    EXPECT_TRUE(story.now().at_rest);
    story.connect().up(100ms);
    EXPECT_FALSE(story.now().at_rest);
    story.idle(100ms);
    EXPECT_FALSE(story.now().at_rest) << "it waits for an answer";
    story.down(10ms).idle(45ms);
    EXPECT_FALSE(story.now().at_rest) << "more may come";
    story.compute(100ms);
    EXPECT_TRUE(story.now().at_rest);
    EXPECT_EQ(story.now().phase, Phase::computing);
}

TEST(Phases, IntervalsAreToldSoonAfterTheirEnd) {
    Story story;
    story.idle(100ms).connect().up(10s);
    EXPECT_THAT(phases(story.told()), ElementsAre(Phase::idle)) << "although nothing else has ended";
    story.idle(300ms);
    EXPECT_THAT(phases(story.told()), ElementsAre(Phase::idle, Phase::sending));
    EXPECT_EQ(story.now().phase, Phase::waiting);
}

TEST(Phases, AnotherLifeBeginsAnew) {
    Story story;
    story.connect().up(200ms).idle(100ms);
    story.end();
    story.close().idle(200ms);
    EXPECT_EQ(story.now().phase, Phase::idle);
}

TEST(Phases, AWaitIsStillOneAfterGapsInWhichNothingMoved) {
    for (const bool fails : {false, true}) {
        Story story;
        const auto gap = [&] { fails ? story.sample_fails() : story.not_sampled_for(200ms); };
        story.connect().down(200ms).up(200ms).idle(150ms);
        gap();
        story.idle(10ms);
        gap();
        story.idle(300ms);
        EXPECT_EQ(story.now().phase, Phase::waiting) << fails;
        story.down(100ms).idle(300ms);
        EXPECT_NE(story.now().phase, Phase::waiting) << fails;
    }
}

TEST(Phases, AnUploadThatIsFollowedByAGapIsStillAskedFor) {
    Story story;
    story.connect().down(200ms).up(200ms).idle(10ms).not_sampled_for(200ms).idle(300ms);
    EXPECT_EQ(story.now().phase, Phase::waiting);
}

TEST(Phases, WhatMovedInAGapMayHaveBeenTheAnswer) {
    Story story;
    story.connect().down(200ms).up(200ms).idle(150ms).missed_down(200ms, 5000).idle(300ms);
    EXPECT_EQ(story.now().phase, Phase::unknown);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
