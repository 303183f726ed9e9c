// SPDX-License-Identifier: Apache-2.0
//
// How a run goes from state to state and ends, with nodes that do what a test says and a clock that it turns.
#include "run/run_course.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_course_fixture.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace run_course;

TEST_F(RunCourseTest, CollaboratorsStartOneATurnWhenTheAggregatorIsReady) {
    begin();
    EXPECT_THAT(calls(), ElementsAre("preparing", "starting", "start triggers", "node 0"));
    course_.ready();
    EXPECT_THAT(calls(), ElementsAre("running", "phases", "node 1"));
    timers_.run_posted();
    EXPECT_THAT(calls(), ElementsAre("node 2"));
    course_.ready();  // its line comes once more
    timers_.run_posted();
    EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(RunCourseTest, WithoutALineToWaitForAllStartAtOnce) {
    scenario_.ready.clear();
    begin();
    timers_.run_posted();
    EXPECT_THAT(calls(), ElementsAre("preparing", "starting", "start triggers", "node 0", "running", "phases",
                                     "node 1", "node 2"));
}

TEST_F(RunCourseTest, ThePreparationComesFirst) {
    scenario_.prepare = {"true"};
    begin();
    EXPECT_TRUE(parts_.preparing);
    EXPECT_EQ(course_.phase(), RunPhase::preparing);
    parts_.preparing = false;
    course_.prepared(true);
    EXPECT_EQ(course_.phase(), RunPhase::starting);
}

TEST_F(RunCourseTest, StoppedWhileItIsPreparedItEndsWithThePreparation) {
    scenario_.prepare = {"sleep"};
    begin();
    course_.stop(2);
    EXPECT_THAT(calls(), ElementsAre("preparing", "last look", "stopping", "ends: interrupted 2", "SIGTERM"));
    parts_.preparing = false;
    course_.prepared(false);
    EXPECT_THAT(calls(), ElementsAre("conclude", "done"));
}

TEST_F(RunCourseTest, AnAggregatorThatIsNotReadyInTimeEndsIt) {
    begin();
    calls();
    timers_.pass(60s);
    EXPECT_THAT(calls(), ElementsAre("last look", "stopping", "ends: not-ready", "SIGTERM"));
}

TEST_F(RunCourseTest, WithoutABoundTheAggregatorHasTime) {
    scenario_.ready_within = 0s;
    begin();
    timers_.pass(10min);
    EXPECT_EQ(course_.phase(), RunPhase::starting);
}

TEST_F(RunCourseTest, AnAggregatorThatEndsBeforeItIsReadyLeavesNothingToStart) {
    begin();
    calls();
    ended(0, false);
    timers_.run_posted();
    EXPECT_THAT(calls(), ElementsAre("last look", "stopping", "ends: all-exited", "conclude", "done"));
}

TEST_F(RunCourseTest, ANodeThatCannotStartEndsIt) {
    parts_.fails_at = "node 1";
    begin();
    course_.ready();
    EXPECT_TRUE(parts_.failed);
    all_end();
    EXPECT_EQ(course_.phase(), RunPhase::done);
}

TEST_F(RunCourseTest, AFaultThatFailsAtTheStartKeepsTheAggregatorFromStarting) {
    parts_.fails_at = "start triggers";
    begin();
    timers_.run_posted();
    EXPECT_THAT(calls(), ElementsAre("preparing", "starting", "start triggers", "last look", "stopping",
                                     "ends: failed", "conclude", "done"));
}

// --- ends ---

TEST_F(RunCourseTest, ItEndsWhenAllHaveEnded) {
    run();
    ended(1);
    ended(0);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    ended(2);
    EXPECT_THAT(calls(), ElementsAre("last look", "stopping", "ends: all-exited"));
    timers_.run_posted();  // never from inside a node's own callback
    EXPECT_THAT(calls(), ElementsAre("conclude", "done"));
    EXPECT_FALSE(timers_.anything_due());
}

TEST_F(RunCourseTest, ACollaboratorThatEndsBeforeTheLastIsStartedEndsNothing) {
    begin();
    course_.ready();
    ended(0);
    ended(1);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    timers_.run_posted();
    ended(2);
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
}

TEST_F(RunCourseTest, ANodeThatWillStartAgainHasNotEnded) {
    scenario_.end = end_with_collaborators;
    run();
    ended(1);
    parts_.nodes_[2] = {.has_ended = true, .will_start_again = true};
    course_.node_ended(2, false);
    ended(0);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    parts_.nodes_[2] = {.runs = true};
    ended(2);
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
}

TEST_F(RunCourseTest, TheEndLineEndsItWhileNodesRun) {
    run();
    course_.end_line();
    EXPECT_THAT(calls(), ElementsAre("last look", "stopping", "ends: finished", "SIGTERM"));
    all_end();
    EXPECT_THAT(calls(), ElementsAre("conclude", "done"));
}

TEST_F(RunCourseTest, TheRestOfTheEndLineIsWaitedForButNotForLong) {
    run();
    course_.end_line_begun();
    timers_.pass(200ms - 1ns);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    timers_.pass(1ns);
    EXPECT_THAT(calls(), ElementsAre("last look", "stopping", "ends: finished", "SIGTERM"));
}

TEST_F(RunCourseTest, TheWholeEndLineEndsItAtOnce) {
    run();
    course_.end_line_begun();
    course_.end_line();
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
    all_end();
    calls();
    timers_.pass(1min);
    EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(RunCourseTest, AnEndLineBeforeTheCollaboratorsIsNone) {
    begin();
    course_.end_line_begun();
    course_.end_line();
    timers_.pass(1s);
    EXPECT_EQ(course_.phase(), RunPhase::starting);
}

TEST_F(RunCourseTest, ItCanEndWithItsCollaborators) {
    scenario_.end = end_with_collaborators;
    run();
    ended(1, false);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    ended(2);
    EXPECT_THAT(calls(), ElementsAre("last look", "stopping", "ends: collaborators-ended", "SIGTERM"));
}

TEST_F(RunCourseTest, ItsTimeIsBounded) {
    run();
    timers_.pass(30min);
    EXPECT_THAT(calls(), ElementsAre("last look", "stopping", "ends: timeout", "SIGTERM"));
}

TEST_F(RunCourseTest, NodesHaveAGraceAndThenNone) {
    run();
    course_.stop(15);
    timers_.pass(5s - 1ns);
    EXPECT_THAT(calls(), ElementsAre("last look", "stopping", "ends: interrupted 15", "SIGTERM"));
    timers_.pass(1ns);
    EXPECT_THAT(calls(), ElementsAre("SIGKILL"));
    all_end();
    EXPECT_THAT(calls(), ElementsAre("conclude", "done"));
}

TEST_F(RunCourseTest, NodesThatEndInTheirGraceAreNotKilled) {
    run();
    course_.stop(15);
    all_end();
    calls();
    timers_.pass(1min);
    EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(RunCourseTest, AskedTwiceItDoesNotWait) {
    run();
    course_.stop(2);
    calls();
    course_.stop(2);
    EXPECT_THAT(calls(), ElementsAre("SIGKILL"));
    all_end();
    calls();
    course_.stop(2);
    EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(RunCourseTest, TheFirstReasonStays) {
    run();
    course_.stop(2);
    course_.end_line();
    course_.end(EndReason::hung);
    EXPECT_THAT(calls(), ElementsAre("last look", "stopping", "ends: interrupted 2", "SIGTERM"));
}

TEST_F(RunCourseTest, WhatFailsWhileItEndsIsTheReason) {
    run();
    parts_.fails_at = "last look";
    course_.end_line();
    EXPECT_THAT(calls(), ElementsAre("last look", "last look", "stopping", "ends: failed", "SIGTERM"));
}

TEST_F(RunCourseTest, ItIsDoneWhenWhatConcludesItHasCome) {
    run();
    parts_.concludes = false;
    all_end();
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
    parts_.concludes = true;
    course_.finish();
    course_.finish();
    EXPECT_THAT(calls(),
                ElementsAre("last look", "stopping", "ends: all-exited", "conclude", "conclude", "done"));
}

// --- hangs ---

TEST_F(RunCourseTest, HangsAreNotLookedForBeforeAFaultOrACrash) {
    run();
    timers_.pass(20min);
    EXPECT_EQ(course_.phase(), RunPhase::running);
}

TEST_F(RunCourseTest, WithoutProgressAfterAFaultItHangs) {
    run();
    a_fault_fires();
    timers_.pass(50s - 1ns);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    timers_.pass(1ns);
    EXPECT_THAT(calls(), ElementsAre("last look", "stopping", "ends: hung", "SIGTERM"));
}

TEST_F(RunCourseTest, ProgressPutsAHangOff) {
    run();
    a_fault_fires();
    for (int i = 0; i < 10; ++i) {
        timers_.pass(40s);
        course_.progressed();
    }
    EXPECT_EQ(course_.phase(), RunPhase::running);
    timers_.pass(50s);
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
}

TEST_F(RunCourseTest, ANodeThatHadNoCpuIsWaitedForAsMuchLonger) {
    run();
    a_fault_fires();
    parts_.starved_so_far = 40s;
    timers_.pass(50s);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    timers_.pass(40s - 1ns);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    timers_.pass(1ns);
    EXPECT_EQ(course_.phase(), RunPhase::stopping) << "it had its CPU meanwhile";
}

// The timer was set before that progress: how long a CPU was missing since then is not forgotten when it is set anew.
TEST_F(RunCourseTest, ANodeThatHadNoCpuSinceItsLastProgressIsWaitedForLonger) {
    run();
    a_fault_fires();
    timers_.pass(45s);
    course_.progressed();
    parts_.starved_so_far = 30s;
    timers_.pass(50s);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    timers_.pass(30s);
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
}

TEST_F(RunCourseTest, ANodeThatWaitsForACpuAtTheEndIsWaitedForHalfAsLongAgain) {
    run();
    a_fault_fires();
    parts_.starves = true;
    timers_.pass(50s);
    parts_.starves = false;
    timers_.pass(25s - 1ns);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    timers_.pass(1ns);
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
}

TEST_F(RunCourseTest, ANodeThatMissesALittleCpuIsGivenUp) {
    run();
    parts_.starved_so_far = 20min;  // before
    a_fault_fires();
    parts_.starved_so_far += 10s;
    timers_.pass(50s);
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
}

TEST_F(RunCourseTest, ANodeThatMissesItsCpuForEverIsGivenUp) {
    run();
    a_fault_fires();
    for (int i = 0; i < 11; ++i) {
        EXPECT_EQ(course_.phase(), RunPhase::running) << i;
        parts_.starved_so_far += 50s;
        timers_.pass(50s);
    }
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
}

TEST_F(RunCourseTest, AnAggregatorThatHadNoCpuMayBeReadyLater) {
    begin();
    parts_.starved_so_far = 40s;
    timers_.pass(60s);
    EXPECT_EQ(course_.phase(), RunPhase::starting);
    timers_.pass(40s - 1ns);
    course_.ready();
    EXPECT_EQ(course_.phase(), RunPhase::running);
}

TEST_F(RunCourseTest, AnAggregatorThatHadItsCpuMeanwhileIsNotWaitedForAgain) {
    begin();
    parts_.starved_so_far = 40s;
    timers_.pass(60s);
    timers_.pass(40s);
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
}

// Who counts it before and who does afterwards are two.
TEST_F(RunCourseTest, WhatWasMissingBeforeItWasReadyIsNotMissingAfterwards) {
    begin();
    parts_.starved_so_far = 40s;
    timers_.pass(60s);
    parts_.on_phases = [this] { parts_.starved_so_far = 0s; };
    parts_.fired = true;
    course_.ready();
    parts_.starved_so_far = 30s;
    timers_.pass(50s);
    EXPECT_EQ(course_.phase(), RunPhase::running);
}

TEST_F(RunCourseTest, ACutThatWillHealIsNoHang) {
    run();
    parts_.will_heal = true;
    a_fault_fires();
    timers_.pass(10min);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    parts_.will_heal = false;
    course_.fault_changed();  // it has healed
    timers_.pass(50s);
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
}

TEST_F(RunCourseTest, ACrashMayLeaveTheOthersHanging) {
    run();
    ended(2, false);
    timers_.pass(50s);
    EXPECT_THAT(calls(), ElementsAre("last look", "stopping", "ends: hung", "SIGTERM"));
}

TEST_F(RunCourseTest, ANodeThatEndsInOrderLetsNobodyHang) {
    run();
    ended(2);
    timers_.pass(10min);
    EXPECT_EQ(course_.phase(), RunPhase::running);
}

TEST_F(RunCourseTest, AFaultBeforeItIsReadyIsLookedAtFromThenOn) {
    begin();
    a_fault_fires();
    timers_.pass(55s);
    EXPECT_EQ(course_.phase(), RunPhase::starting);
    course_.ready();
    timers_.pass(50s - 1ns);
    EXPECT_EQ(course_.phase(), RunPhase::running);
    timers_.pass(1ns);
    EXPECT_EQ(course_.phase(), RunPhase::stopping);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
