// SPDX-License-Identifier: Apache-2.0
//
// Connections that come and go between two samples, or are seen in part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/conversations.h"
#include "unit/conversation_story.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using namespace conversation;

TEST(Conversations, ReplacementThatCameAndWentBetweenTwoSamplesCounts) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100), as(own(40, 0, 0), "TIME_WAIT", false)}));
    story->at_heal(story.sample({own(50, 100, 100, 500)}));
    story->after(story.sample({as(own(40, 0, 0), "TIME_WAIT", false)}), 100ms);
    EXPECT_FALSE(story->all_went_on()) << "it was over before the heal";
    story->after(story.sample({as(own(51, 0, 0), "TIME_WAIT", false)}), 200ms);
    EXPECT_EQ(story.outcome(), Outcome::replaced);
    EXPECT_EQ(story.after(), 200ms);
}

TEST(Conversations, WhatHasEndedAtAPeerThatIsReadForTheFirstTimeIsOld) {
    Story story;
    story->at_fire(story.sample({}));
    story->at_heal(story.sample({}));
    SocketSample sample = story.sample({own(51, 0, 0, 1)});
    TcpSocket old = own(40, 100, 100);
    std::swap(old.local, old.remote);
    std::swap(old.local_port, old.remote_port);
    sample.other_ends[conversation_key(own(40, 0, 0))] = as(old, "TIME_WAIT", false);
    sample.new_peers = {"aggregator"};
    story->after(sample, 10ms);
    EXPECT_FALSE(story->sent());
    EXPECT_FALSE(story->exchanged());
}

TEST(Conversations, OneThatWasSeenClosingBeforeTheHealIsNoneThatCameAndWent) {
    Story story;
    story->at_fire(story.sample({}));
    story->at_heal(story.sample({as(own(50, 100, 100, 1), "LAST_ACK", false)}));
    story->after(story.sample({as(own(50, 100, 100), "TIME_WAIT", false)}), 10ms);
    EXPECT_FALSE(story->sent());
    EXPECT_TRUE(story->exchanged()) << "in the fault, since it was not there at the firing";
}

// In a crowd samples are late: a node connects, has its answer and ends, and the first sample has it closing.
TEST(Conversations, ReplacementThatIsFirstSeenClosingCounts) {
    for (const char* state : {"FIN_WAIT1", "FIN_WAIT2", "CLOSING", "LAST_ACK"}) {
        Story story;
        story->at_fire(story.sample({own(50, 100, 100)}));
        story->at_heal(story.sample({own(50, 100, 100, 500)}, false));
        story->after(story.sample({own(50, 100, 100, 500)}, false), 100ms);
        story->after(story.sample({as(own(51, 200, 300, 1), state, false)}), 200ms);
        EXPECT_EQ(story.outcome(), Outcome::replaced) << state;
        EXPECT_EQ(story.after(), 200ms);
        EXPECT_TRUE(story->exchanged());
        story->after(story.sample({as(own(51, 0, 0), "TIME_WAIT", false)}), 300ms);
        EXPECT_EQ(story.after(), 200ms);
    }
}

TEST(Conversations, ReplacementThatClosedWithDataOnItsWayCountsAtItsEnd) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({own(50, 100, 100, 500)}));
    story->after(story.sample({as(own(51, 0, 0, 30), "FIN_WAIT1", false)}), 100ms);
    EXPECT_EQ(story.outcome(), Outcome::given_up);
    story->after(story.sample({as(own(51, 0, 0), "TIME_WAIT", false)}), 200ms);
    EXPECT_EQ(story.outcome(), Outcome::replaced);
}

// The node was read before it connected, its peer after that.
TEST(Conversations, ReplacementWhoseOtherEndWasSeenFirstCounts) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({own(50, 100, 100, 500)}));
    SocketSample torn = story.sample({own(51, 100, 100)});
    torn.own = {own(50, 100, 100, 500)};
    story->after(torn, 100ms);
    story->after(story.sample({as(own(51, 0, 0), "TIME_WAIT", false)}), 200ms);
    EXPECT_EQ(story.outcome(), Outcome::replaced);
    EXPECT_EQ(story.after(), 200ms);
}

TEST(Conversations, ReplacementThatOnlyItsPacketsShowCounts) {
    Story story;
    const auto worked = [&](std::uint16_t port) {
        SocketSample sample = story.sample({});
        sample.worked = {conversation_key(own(port, 0, 0))};
        sample.work = [](const ConversationKey&) { return OpenedWork{WorkState::work, 3ms}; };
        return sample;
    };
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({own(50, 100, 100, 500)}));
    story->after(story.sample({}), 100ms);
    EXPECT_EQ(story.outcome(), Outcome::given_up);
    story->after(worked(51), 200ms);  // reset, so that no end has a trace of it
    EXPECT_EQ(story.outcome(), Outcome::replaced);
    EXPECT_EQ(story.after(), 197ms);
    EXPECT_TRUE(story->exchanged());
    EXPECT_EQ(story->worked(), 197ms);
}

TEST(Conversations, WorkBeforeTheHealIsNoneAfterIt) {
    Story story;
    const auto sample = [&](std::vector<TcpSocket> sockets, bool whole, Nanoseconds ago) {
        SocketSample sample = story.sample(std::move(sockets), whole);
        sample.work = [ago](const ConversationKey&) { return OpenedWork{WorkState::work, ago}; };
        return sample;
    };
    story->at_fire(story.sample({}));
    story->at_heal(sample({own(51, 100, 100, 500)}, false, 10ms));
    story->after(sample({own(51, 100, 100, 500)}, false, 110ms), 100ms);
    story->after(sample({own(51, 100, 100, 500)}, false, 210ms), 200ms);
    EXPECT_EQ(story.outcome(), Outcome::half_open);
    EXPECT_FALSE(story->worked());
}

TEST(Conversations, OneThatNobodyHasAcceptedYetIsNotOver) {
    Story story;
    story->at_fire(story.sample({as(own(50, 0, 0), "ESTABLISHED", false)}));
    story->during(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({own(50, 100, 100, 500)}));
    EXPECT_FALSE(story->all_went_on());
    EXPECT_EQ(story.outcome(), Outcome::stuck);
}

TEST(Conversations, WhatANodeSaysToItselfIsNoExchange) {
    for (const IpAddress& address : {here, boost::asio::ip::make_address("127.0.0.1")}) {
        Story story;
        TcpSocket socket = as(own(60, 0, 0), "TIME_WAIT", false);
        socket.local = socket.remote = address;
        story->at_fire(story.sample({own(50, 100, 100)}));
        story->at_heal(story.sample({own(50, 100, 100, 500)}));
        story->after(story.sample({socket}), 100ms);
        EXPECT_FALSE(story->exchanged());
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
