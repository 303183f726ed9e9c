// SPDX-License-Identifier: Apache-2.0
#include "recovery/conversations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/conversation_story.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using namespace conversation;

TEST(Conversations, RequestThatMetTheFaultIsResumedByItsAnswer) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({own(50, 100, 100, 500)}));
    story->after(story.sample({own(50, 600, 100)}), 200ms);
    EXPECT_FALSE(story->all_went_on());
    story->after(story.sample({own(50, 600, 150)}), 300ms);
    EXPECT_TRUE(story->all_went_on());
    EXPECT_EQ(story.outcome(), Outcome::resumed);
    EXPECT_EQ(story.after(), 300ms);
    EXPECT_EQ(story->sent(), 200ms);
    EXPECT_EQ(story->received(), 300ms);
}

TEST(Conversations, AnswerThatMetTheFaultNeedsNoFurtherRequest) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({own(50, 100, 100)}, true, 500));
    story->after(story.sample({own(50, 100, 600)}), 200ms);
    EXPECT_EQ(story.after(), 200ms);
    EXPECT_FALSE(story->sent());
}

TEST(Conversations, WhatTheKernelSendsForAProgramThatIsGoneIsNoData) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({as(own(50, 100, 100, 3000), "FIN_WAIT1", false)}));
    story->after(story.sample({as(own(50, 3100, 200), "FIN_WAIT2", false)}), 200ms);
    EXPECT_EQ(story.outcome(), Outcome::given_up);
    EXPECT_FALSE(story->sent());
    EXPECT_FALSE(story->received());
}

TEST(Conversations, NewConnectionToTheSamePortReplacesOneThatIsGone) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({own(50, 100, 100, 500)}));
    story->after(story.sample({as(own(51, 0, 0, 1), "SYN_SENT", true)}), 100ms);
    EXPECT_FALSE(story->all_went_on());
    story->after(story.sample({own(51, 500, 0)}), 150ms);
    EXPECT_FALSE(story->all_went_on());
    story->after(story.sample({own(51, 500, 500)}), 180ms);
    EXPECT_EQ(story.outcome(), Outcome::replaced);
    EXPECT_EQ(story.after(), 180ms);
}

TEST(Conversations, SetUpOfTheReplacementIsNoWork) {
    Story story;
    WorkState state = WorkState::set_up;
    const auto sample = [&](std::vector<TcpSocket> sockets) {
        SocketSample sample = story.sample(std::move(sockets));
        sample.work = [&](const ConversationKey& key) {
            const bool is_new = std::get<1>(key) == 51;
            return OpenedWork{is_new ? state : WorkState::any_data, 3ms};
        };
        return sample;
    };
    story->at_fire(sample({own(50, 100, 100)}));
    story->at_heal(sample({own(50, 100, 100, 500)}));
    story->after(sample({own(51, 300, 2000)}), 150ms);
    EXPECT_FALSE(story->all_went_on());
    EXPECT_FALSE(story->exchanged());
    EXPECT_EQ(story->received(), 150ms) << "the network is back";
    EXPECT_FALSE(story->worked());
    EXPECT_EQ(story.outcome(), Outcome::connected);
    EXPECT_FALSE(story.after());
    state = WorkState::unclear;
    story->after(sample({own(51, 300, 2000)}), 160ms);
    EXPECT_EQ(story.outcome(), Outcome::replaced);
    EXPECT_FALSE(story.after()) << "nobody knows";
    state = WorkState::work;
    story->after(sample({own(51, 800, 2500)}), 900ms);
    EXPECT_EQ(story.outcome(), Outcome::replaced);
    EXPECT_EQ(story.after(), 897ms);
    EXPECT_EQ(story->worked(), 897ms);
    EXPECT_TRUE(story->exchanged());
}

TEST(Conversations, ConnectionThatHasCarriedMuchIsSetUpWhateverWasSeenOfIt) {
    for (const std::uint64_t received : {2'000, 200'000}) {
        Story story;
        const auto sample = [&](std::vector<TcpSocket> sockets) {
            SocketSample sample = story.sample(std::move(sockets));
            sample.work = [&](const ConversationKey&) { return OpenedWork{WorkState::unclear, {}}; };
            return sample;
        };
        story->at_fire(sample({own(50, 100, received)}));
        story->at_heal(sample({own(50, 100, received, 500)}));
        story->after(sample({own(50, 600, received + 500)}), 150ms);
        EXPECT_EQ(story->all_went_on(), received > 100'000);
        EXPECT_EQ(story->worked().has_value(), received > 100'000);
    }
}

TEST(Conversations, WorkOfOneThatIsClosedAtOnceCountsAndIsNotForgotten) {
    Story story;
    WorkState state = WorkState::set_up;
    const auto sample = [&](std::vector<TcpSocket> sockets) {
        SocketSample sample = story.sample(std::move(sockets));
        sample.work = [&](const ConversationKey&) { return OpenedWork{state, 2ms}; };
        return sample;
    };
    story->at_fire(sample({}));
    story->at_heal(sample({}));
    EXPECT_FALSE(story->any());
    story->after(sample({own(51, 300, 2000)}), 150ms);
    EXPECT_FALSE(story->worked());
    state = WorkState::work;
    // Its farewell, a few bytes and the FIN, is on its way.
    story->after(sample({as(own(51, 600, 2200, 25), "FIN_WAIT1", false)}), 900ms);
    EXPECT_EQ(story->worked(), 898ms);
    EXPECT_TRUE(story->any());
}

TEST(Conversations, OneThatConnectsInTheFaultGoesOnWithWork) {
    Story story;
    WorkState state = WorkState::set_up;
    const auto sample = [&](std::vector<TcpSocket> sockets) {
        SocketSample sample = story.sample(std::move(sockets));
        sample.work = [&](const ConversationKey&) { return OpenedWork{state, {}}; };
        return sample;
    };
    story->at_fire(sample({}));
    story->at_heal(sample({as(own(51, 0, 0, 1), "SYN_SENT", true)}));
    story->after(sample({own(51, 300, 2000)}), 150ms);
    EXPECT_EQ(story.outcome(), Outcome::connected);
    state = WorkState::work;
    story->after(sample({own(51, 800, 2500)}), 900ms);
    EXPECT_EQ(story.outcome(), Outcome::resumed);
    EXPECT_EQ(story.after(), 900ms);
}

TEST(Conversations, FarewellOfThePeerIsNoData) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({own(50, 100, 100)}));
    story->after(story.sample({as(own(50, 100, 101), "CLOSE_WAIT", true)}), 10ms);
    EXPECT_FALSE(story->received());
}

TEST(Conversations, ConnectionWhoseOtherEndIsGoneIsHalfOpen) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->during(story.sample({own(50, 600, 100)}, false));
    story->at_heal(story.sample({own(50, 600, 100)}, false));
    story->after(story.sample({own(50, 600, 100)}, false), 1s);
    EXPECT_EQ(story.outcome(), Outcome::half_open);
    EXPECT_FALSE(story->all_went_on());
}

TEST(Conversations, ConnectionFromAnAddressThatIsGoneIsDeadThoughBothEndsHaveIt) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story.address = boost::asio::ip::make_address("10.0.0.9");
    story->at_heal(story.sample({own(50, 100, 100)}));
    story->after(story.sample({own(50, 100, 100)}), 1s);
    EXPECT_EQ(story.outcome(), Outcome::address_gone);
    EXPECT_FALSE(story->all_went_on());
}

TEST(Conversations, AddressThatGoesWithTheHealIsSeenAfterIt) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({own(50, 100, 100)}));
    story.address = boost::asio::ip::make_address("10.0.0.9");
    story->after(story.sample({own(50, 100, 100)}), 10ms);
    EXPECT_EQ(story.outcome(), Outcome::address_gone);
}

TEST(Conversations, EndInOrderIsNoData) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({own(50, 100, 100)}));
    story->after(story.sample({as(own(50, 100, 100), "TIME_WAIT", false)}), 10ms);
    EXPECT_FALSE(story->sent());
    EXPECT_FALSE(story->received());
}

TEST(Conversations, ConnectionThatNothingHappenedToIsAnother) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100), own(51, 100, 100)}));
    story->at_heal(story.sample({own(50, 100, 100, 500), own(51, 100, 100)}));
    story->after(story.sample({own(50, 100, 100, 500), own(51, 200, 200)}), 100ms);
    EXPECT_EQ(story->list().size(), 1U);
    EXPECT_EQ(story->others(), 1U);
    EXPECT_EQ(story.outcome(), Outcome::stuck);
    EXPECT_EQ(story->received(), 100ms) << "the network is back, the work is not";
}

TEST(Conversations, OneThatWasClosedInOrderLostNothing) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 100)}));
    story->at_heal(story.sample({as(own(50, 100, 100, 1), "FIN_WAIT1", false)}));
    EXPECT_TRUE(story->all_went_on());
    EXPECT_EQ(story.outcome(), Outcome::went_on);
}

TEST(Conversations, OneThatWasJustClosedWhenTheFaultCameIsNoneThatWasStopped) {
    Story story;
    story->at_fire(story.sample({as(own(50, 100, 100, 1), "FIN_WAIT1", false)}));
    story->at_heal(story.sample({as(own(50, 100, 100, 1), "FIN_WAIT1", false)}));
    EXPECT_TRUE(story->all_went_on());
    EXPECT_TRUE(story->any());
}

TEST(Conversations, LateFarewellOfOneThatWasClosedBeforeIsNoExchange) {
    Story story;
    story->at_fire(story.sample({as(own(50, 100, 100), "FIN_WAIT2", false), own(51, 100, 100)}));
    story->at_heal(story.sample({as(own(50, 100, 100), "FIN_WAIT2", false), own(51, 100, 100)}));
    story->after(story.sample({as(own(50, 100, 100), "TIME_WAIT", false), own(51, 100, 100)}), 10ms);
    EXPECT_FALSE(story->exchanged());
    story->after(story.sample({as(own(51, 100, 100), "TIME_WAIT", false)}), 20ms);
    EXPECT_TRUE(story->exchanged()) << "both ends have closed what was in use";
}

TEST(Conversations, OneWayDataNeedsNoAnswer) {
    Story story;
    story->at_fire(story.sample({own(50, 100, 0)}));
    story->at_heal(story.sample({own(50, 100, 0, 500)}));
    story->after(story.sample({own(50, 600, 0)}), 200ms);
    EXPECT_EQ(story.outcome(), Outcome::resumed);
    EXPECT_EQ(story.after(), 200ms);
}

TEST(Recovery, IsOfTheSlowestConversationAndOfNoneThatIsStuck) {
    Recovery recovery{10ms, 20ms};
    EXPECT_FALSE(recovery.work_resumed()) << "it may have connected, and no more";
    recovery.worked = 25ms;
    EXPECT_EQ(recovery.work_resumed(), 25ms);
    recovery.conversations = {{"a", "", "", Outcome::resumed, 100ms},
                              {"a", "", "", Outcome::replaced, 300ms}};
    EXPECT_EQ(recovery.work_resumed(), 300ms);
    recovery.conversations.push_back({"a", "", "", Outcome::given_up, {}});
    EXPECT_EQ(recovery.work_resumed(), 300ms);
    recovery.conversations.push_back({"a", "", "", Outcome::stuck, {}});
    EXPECT_FALSE(recovery.work_resumed());
    recovery.next_round = 2s;
    EXPECT_EQ(recovery.work_resumed(), 2s);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
