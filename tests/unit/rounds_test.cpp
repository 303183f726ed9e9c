// SPDX-License-Identifier: Apache-2.0
#include "record/rounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "base/time.h"
#include "node/exit_status.h"
#include "record/facts.h"
#include "scenario/scenario.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;

NodeOutcome ended_at(const std::string& name, Nanoseconds when, int code = 0) {
    NodeOutcome node{name, true, ExitStatus{false, code}};
    node.ended = when;
    return node;
}

// Of this thread's own CPU time, so that a crowded machine changes nothing.
Nanoseconds cpu_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

Nanoseconds time_to_note(std::size_t rounds) {
    Rounds begins;
    const Nanoseconds begin = cpu_time();
    for (std::size_t i = 0; i < rounds; ++i) begins.note("aggregator", std::to_string(i), Nanoseconds(i));
    EXPECT_EQ(begins.count("aggregator"), rounds);
    return cpu_time() - begin;
}

TEST(Rounds, EachLastsUntilTheNextAndTheLastUntilTheEnd) {
    Rounds begins;
    begins.note("aggregator", "1", 1s);
    begins.note("aggregator", "2", 3s);
    begins.note("aggregator", "1", 4s);  // it speaks of an earlier one again
    EXPECT_FALSE(begins.is_new("aggregator", "1"));
    EXPECT_TRUE(begins.is_new("collaborator1", "1"));
    const RoundTimes times = begins.times({ended_at("aggregator", 10s)}, RoundMark::begin);
    EXPECT_EQ(times.node, "aggregator");
    EXPECT_THAT(times.rounds, ElementsAre(Pair("1", 2s), Pair("2", 7s)));
    EXPECT_THAT(begins.times({ended_at("aggregator", 10s, 1)}, RoundMark::begin).rounds,
                ElementsAre(Pair("1", 2s)))
        << "of a node that crashed the last round has no end";
}

TEST(Rounds, TheLastIsOpenWhenItsNodeWasStopped) {
    Rounds begins;
    begins.note("aggregator", "1", 1s);
    begins.note("aggregator", "2", 3s);
    NodeOutcome stopped = ended_at("aggregator", 10s);
    stopped.stopped_by_us = true;
    EXPECT_THAT(begins.times({stopped}, RoundMark::begin).rounds, ElementsAre(Pair("1", 2s)))
        << "though its status is 0";
    begins.finish(8s);
    begins.note("aggregator", "3", 9s);
    EXPECT_THAT(begins.times({stopped}, RoundMark::begin).rounds, ElementsAre(Pair("1", 2s), Pair("2", 5s)))
        << "the end line said that all is done";
}

TEST(Rounds, LinesMayMarkTheEnds) {
    Rounds ends;
    ends.begin(1s);
    ends.note("aggregator", "1", 3s);
    ends.finish(7s);
    ends.note("aggregator", "2", 7s);  // the same line as the end's
    EXPECT_THAT(ends.times({ended_at("aggregator", 10s, 1)}, RoundMark::end).rounds,
                ElementsAre(Pair("1", 2s), Pair("2", 4s)));
}

TEST(Rounds, WhatIsNotNotedAnyMoreEndsTheLastRound) {
    Rounds begins;
    begins.note("aggregator", "1", 1s);
    begins.close("aggregator", 3s);
    begins.note("aggregator", "2", 4s);
    EXPECT_FALSE(begins.is_new("aggregator", "2"));
    EXPECT_THAT(begins.times({ended_at("aggregator", 10s, 1)}, RoundMark::begin).rounds,
                ElementsAre(Pair("1", 2s)));
}

TEST(Rounds, TheNodeThatToldOfTheMostCountsAndOfEqualsTheFirst) {
    Rounds begins;
    for (const char* node : {"aggregator", "collaborator1", "collaborator2"}) begins.note(node, "1", 1s);
    begins.note("collaborator1", "2", 2s);
    begins.note("collaborator2", "2", 2s);
    EXPECT_EQ(
        begins
            .times({ended_at("aggregator", 9s), ended_at("collaborator1", 9s), ended_at("collaborator2", 9s)},
                   RoundMark::begin)
            .node,
        "collaborator1");
}

// A node that prints new rounds without end must not delay a heal. Twenty times as many took four hundred
// times as long.
TEST(Rounds, TheTimeToNoteManyIsNotThatOfTheirSquare) {
    Nanoseconds few = Nanoseconds::max(), many = few;
    for (int i = 0; i < 5; ++i) {
        few = std::min(few, time_to_note(10'000));
        many = std::min(many, time_to_note(200'000));
    }
    EXPECT_LT(many, 200 * few);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
