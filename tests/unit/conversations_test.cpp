// SPDX-License-Identifier: Apache-2.0
#include "recovery/conversations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "kernel/address.h"
#include "kernel/sockdiag.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using Outcome = Conversation::Outcome;

const IpAddress here = boost::asio::ip::make_address("10.0.0.2"),
                there = boost::asio::ip::make_address("10.0.0.1");

// The node's end of a connection to port 9000 of the aggregator.
TcpSocket own(std::uint16_t port, std::uint64_t sent, std::uint64_t received, std::uint32_t waiting = 0) {
    TcpSocket socket;
    socket.local = here;
    socket.local_port = port;
    socket.remote = there;
    socket.remote_port = 9000;
    socket.state = "ESTABLISHED";
    socket.bytes_acked = sent + 1;
    socket.bytes_received = received;
    socket.data_segments_sent = 1;
    socket.send_queue = waiting;
    return socket;
}

TcpSocket as(TcpSocket socket, const char* state, bool held) {
    socket.state = state;
    socket.held = held;
    return socket;
}

class Story {
  public:
    Story() : conversations_([](const TcpSocket&, bool) { return true; }) {}

    // Other ends exist as long as the node's are said to be whole; `waiting` bytes are on their way to it.
    SocketSample sample(std::vector<TcpSocket> sockets, bool whole = true, std::uint32_t waiting = 0) {
        SocketSample sample;
        sample.own = std::move(sockets);
        sample.addresses = {address};
        sample.who = [](const IpAddress& address) { return address == there ? "aggregator" : ""; };
        for (const TcpSocket& socket : sample.own) {
            TcpSocket other = socket;
            std::swap(other.local, other.remote);
            std::swap(other.local_port, other.remote_port);
            other.send_queue = waiting;
            other.held = true;
            other.state = "ESTABLISHED";
            if (whole) sample.other_ends[conversation_key(socket)] = other;
        }
        return sample;
    }
    IpAddress address = here;
    Conversations& operator*() { return conversations_; }
    Conversations* operator->() { return &conversations_; }
    Outcome outcome() const { return conversations_.list().at(0).outcome; }
    std::optional<Nanoseconds> after() const { return conversations_.list().at(0).after; }

  private:
    Conversations conversations_;
};

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
    EXPECT_FALSE(story->exchanged());
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
