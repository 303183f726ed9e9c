// SPDX-License-Identifier: Apache-2.0
//
// Whether a run is taken for one that hangs, with nodes that wait for what a test says and a clock that it turns.
#include "run/hang_watch.h"

#include <cstdint>
#include <vector>

#include "hang_facts.h"
#include "kernel/socket_facts.h"
#include "run_parts_fixture.h"
#include "why/hang_state.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace run_parts;
using testing::Each;
using testing::Le;
using testing::SizeIs;

// An aggregator and two collaborators: each waits for ever for a connection that the other end does not know any more.
class HangWatchTest : public RunPartsTest {
  protected:
    HangWatchTest() {
        const char* const addresses[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
        for (const char* const address : addresses) {
            WaitReading reading;
            reading.facts.processes = reading.facts.threads = 1;
            reading.facts.waits = {waiting(WaitObject::connection)};
            reading.facts.connections = {connection(address, 40000, "10.0.0.1", 9000)};
            reading.facts.waits.front().on.front().what = ends_of(reading.facts.connections.front().socket);
            reading.marks = {1};
            readings_.push_back(std::move(reading));
        }
        readings_[0].facts.connections.clear();
        readings_[0].facts.waits = {waiting(WaitObject::memory, "futex")};
    }

    void watch(std::vector<std::string> known = {}) {
        make();
        scenario_.known_hangs = std::move(known);
        scenario_.hang_after = 60s;
        event::FabricBuilt network;
        for (std::size_t node = 0; node < 3; ++node)
            network.nodes.emplace_back(
                run_->nodes[node],
                event::Addresses{.addresses = {node_network_.addresses(node)[0].to_string()}});
        journal_.add(network);
        run();
        last_progress_ = timers_.now();
        hang_.emplace(*run_, record_,
                      HangWatch::Observer{[this] { return may_hang_; }, [this] { return last_progress_; },
                                          [this](std::size_t node) { return nodes_->runs(node); },
                                          [this](std::size_t node) { return read(node); },
                                          [this] {
                                              ++hangs_;
                                              hang_->stop();
                                          }});
        hang_->restart();
    }
    Result<WaitReading> read(std::size_t node) {
        reads_.push_back(node);
        if (fails_) return refused("read what it waits for");
        if (moves_ == node) ++readings_[node].marks[0];
        return readings_[node];
    }
    ThreadFacts& thread(std::size_t node) { return readings_[node].facts.waits.front(); }

    std::vector<WaitReading> readings_;
    std::vector<std::size_t> reads_;
    std::optional<std::size_t> moves_;  // it is seen to have run whenever it is looked at
    bool may_hang_ = true, fails_ = false;
    int hangs_ = 0;
    Clock::time_point last_progress_;
    std::optional<HangWatch> hang_;
};

TEST_F(HangWatchTest, NodesThatWaitForEachOtherForEverAreProvedToHang) {
    watch();
    timers_.pass(5s);
    EXPECT_EQ(hangs_, 1);
    EXPECT_EQ(last<event::RunProof>().proof, Proof::certain);
    EXPECT_THAT(last<event::RunProof>().hindrances, IsEmpty());
    EXPECT_THAT(events(), ElementsAre("node.waits aggregator", "node.waits collaborator1",
                                      "node.waits collaborator2", "run.proof"));
    reads_.clear();
    timers_.pass(10s);
    EXPECT_THAT(reads_, IsEmpty());
}

TEST_F(HangWatchTest, OneNodeThatMovesIsEnoughAndIsAskedFirst) {
    watch();
    moves_ = 1;
    timers_.pass(60s);
    EXPECT_EQ(hangs_, 0);
    EXPECT_THAT(events(), IsEmpty());
    // It is read twice in each look, and the others are not read before it.
    reads_.clear();
    timers_.pass(10s);
    ASSERT_THAT(reads_, Not(IsEmpty()));
    EXPECT_EQ(reads_.front(), 1U);
    moves_.reset();
    timers_.pass(5s);
    EXPECT_EQ(hangs_, 1);
}

TEST_F(HangWatchTest, AThreadThatCouldRunIsNoHang) {
    watch();
    thread(2).doing = ThreadDoing::runs;
    timers_.pass(60s);
    EXPECT_EQ(hangs_, 0);
    thread(2).doing = ThreadDoing::waits;
    thread(2).end = WaitEnd::in_time;
    thread(2).ends_in = 30s;
    timers_.pass(60s);
    EXPECT_EQ(hangs_, 0);
}

TEST_F(HangWatchTest, WhileSomethingIsToComeNobodyIsLookedAt) {
    watch();
    may_hang_ = false;
    timers_.pass(60s);
    EXPECT_THAT(reads_, IsEmpty());
    may_hang_ = true;
    timers_.pass(5s);
    EXPECT_EQ(hangs_, 1);
}

TEST_F(HangWatchTest, WhatComesBetweenTheLooksIsHeeded) {
    watch();
    timers_.pass(400ms);  // all were read once
    ASSERT_THAT(reads_, SizeIs(3));
    may_hang_ = false;
    timers_.pass(10s);
    EXPECT_EQ(hangs_, 0);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(HangWatchTest, NodesThatHaveEndedAreNotAskedFor) {
    watch();
    ends(0);
    ends(1);
    events();
    timers_.pass(5s);
    EXPECT_THAT(reads_, Each(2U));
    EXPECT_THAT(events(), ElementsAre("node.waits collaborator2", "run.proof"));
}

TEST_F(HangWatchTest, WhatCannotBeReadFailsTheRun) {
    watch();
    fails_ = true;
    timers_.pass(1s);
    EXPECT_THAT(parts_.errors, Contains("read what it waits for"));
    EXPECT_EQ(hangs_, 0);
}

TEST_F(HangWatchTest, AfterProgressItBeginsFromTheStart) {
    watch();
    timers_.pass(400ms);
    hang_->restart();
    reads_.clear();
    timers_.pass(299ms);
    EXPECT_THAT(reads_, IsEmpty());
    timers_.pass(1ms);
    EXPECT_THAT(reads_, SizeIs(3));
}

TEST_F(HangWatchTest, AKnownStateIsTakenForThatHangWhenItHasLasted) {
    // Again and again for two seconds: that proves nothing, but was seen to be a hang before.
    for (const std::size_t node : {1, 2}) {
        thread(node).end = WaitEnd::in_time;
        thread(node).ends_in = 2s;
    }
    std::string state;
    {
        WaitsByNode waits;
        for (std::size_t node = 0; node < 3; ++node)
            waits[node == 0 ? "aggregator" : "collaborator" + std::to_string(node)] = readings_[node].facts;
        state = hang_state(
            {{"10.0.0.1", "aggregator"}, {"10.0.0.2", "collaborator1"}, {"10.0.0.3", "collaborator2"}}, {},
            waits);
    }
    ASSERT_NE(state, "");
    watch({state});
    timers_.pass(5s);
    EXPECT_EQ(hangs_, 0);
    timers_.pass(5s);
    EXPECT_EQ(hangs_, 1);
    EXPECT_EQ(last<event::RunProof>().proof, Proof::known);
    EXPECT_GE(last<event::RunProof>().in_state_ns.value(), 6s);
    EXPECT_EQ(last<event::RunProof>().state, state);
}

TEST_F(HangWatchTest, OneThatIsGivenUpHasWhatItWaitedForAndWhyThatProvesNothing) {
    watch();
    thread(1).end = WaitEnd::in_time;
    thread(1).ends_in = 30s;
    timers_.pass(20s);
    ASSERT_EQ(hangs_, 0);
    ASSERT_TRUE(hang_->look(true));
    const auto proof = last<event::RunProof>();
    EXPECT_EQ(proof.proof, Proof::waited);
    ASSERT_THAT(proof.hindrances, SizeIs(2));
    EXPECT_EQ(proof.hindrances[0].kind, HindranceKind::wait_ends);
    EXPECT_EQ(proof.hindrances[1].kind, HindranceKind::attended);
    events();
    ASSERT_TRUE(hang_->look(true));  // it has been said
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(HangWatchTest, ANodeThatCouldRunAndGetsNoProcessorStarves) {
    watch();
    EXPECT_FALSE(hang_->any_starves());
    thread(1).doing = ThreadDoing::runs;
    EXPECT_TRUE(hang_->any_starves());
    moves_ = 1;
    EXPECT_FALSE(hang_->any_starves());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
