// SPDX-License-Identifier: Apache-2.0
//
// What is told of a node's connections, with made-up looks at them.
#include "phase/connection_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Change = ConnectionChange;

TcpConnection connection(const char* state, std::uint16_t port = 40000, const char* remote = "10.99.0.2") {
    TcpConnection made;
    made.socket.local = boost::asio::ip::make_address("10.99.0.3");
    made.socket.remote = boost::asio::ip::make_address(remote);
    made.socket.local_port = port;
    made.socket.remote_port = 9000;
    made.socket.state = state;
    return made;
}

class ConnectionChangesTest : public testing::Test {
  protected:
    std::vector<Change> see(const std::vector<TcpConnection>& all) {
        changes_.see(now_ += 3ms, all);
        std::vector<Change> told;
        for (const auto& one : last_ = changes_.take()) told.push_back(one.second.change);
        return told;
    }
    TcpConnection resent(std::uint32_t attempts) {
        TcpConnection made = connection("ESTABLISHED");
        made.timers = {.timer = TcpTimer::retransmission, .expires_ms = 400, .attempts = attempts};
        made.socket.send_queue = 1448;
        made.socket.total_retransmits = attempts;
        return made;
    }

    ConnectionChanges changes_{{}};
    Nanoseconds now_{0};
    std::vector<ConnectionChanges::Told> last_;
};

TEST_F(ConnectionChangesTest, LifeOfAConnectionIsTold) {
    EXPECT_THAT(see({connection("SYN_SENT")}), ElementsAre(Change::opened));
    EXPECT_THAT(see({connection("SYN_SENT")}), IsEmpty());
    EXPECT_THAT(see({connection("ESTABLISHED")}), ElementsAre(Change::state));
    EXPECT_EQ(last_.front().second.socket.state, "ESTABLISHED");
    EXPECT_EQ(last_.front().first, now_);
    EXPECT_THAT(see({connection("CLOSE_WAIT")}), ElementsAre(Change::state));
    EXPECT_THAT(see({}), ElementsAre(Change::gone));
    EXPECT_EQ(last_.front().second.socket.state, "CLOSE_WAIT") << "as it was last";
    EXPECT_THAT(see({}), IsEmpty());
}

TEST_F(ConnectionChangesTest, PortsThatAreOnlyKeptAreNoConnection) {
    EXPECT_THAT(see({connection("TIME_WAIT")}), IsEmpty());
    see({connection("FIN_WAIT2", 40001)});
    EXPECT_THAT(see({connection("TIME_WAIT", 40001)}), ElementsAre(Change::gone));
}

TEST_F(ConnectionChangesTest, ConnectionsInsideANodeAreLeftOut) {
    EXPECT_THAT(
        see({connection("ESTABLISHED", 40000, "127.0.0.1"), connection("ESTABLISHED", 1, "10.99.0.3")}),
        IsEmpty());
}

TEST_F(ConnectionChangesTest, EachRetransmissionIsToldAndItsEnd) {
    see({connection("ESTABLISHED")});
    EXPECT_THAT(see({resent(0)}), IsEmpty()) << "its timer runs, as after any packet";
    EXPECT_THAT(see({resent(1)}), ElementsAre(Change::resent));
    EXPECT_THAT(see({resent(1)}), IsEmpty());
    EXPECT_THAT(see({resent(3)}), ElementsAre(Change::resent));
    EXPECT_EQ(last_.front().second.timers.attempts, 3U);
    TcpConnection after = connection("ESTABLISHED");
    after.socket.total_retransmits = 3;
    EXPECT_THAT(see({after}), ElementsAre(Change::answered));
    EXPECT_THAT(see({after}), IsEmpty());
}

TEST_F(ConnectionChangesTest, ProbesAreTold) {
    see({connection("ESTABLISHED")});
    TcpConnection full = connection("ESTABLISHED");
    full.timers = {.timer = TcpTimer::zero_window, .expires_ms = 200};
    full.socket.send_queue = full.socket.unsent = 9000;
    EXPECT_THAT(see({full}), ElementsAre(Change::window_full));
    full.timers.attempts = 1;
    EXPECT_THAT(see({full}), ElementsAre(Change::window_full));
    EXPECT_THAT(see({connection("ESTABLISHED")}), ElementsAre(Change::answered));
    full.timers = {.timer = TcpTimer::zero_window, .expires_ms = 200, .peer_window = 60'000};
    EXPECT_THAT(see({full}), ElementsAre(Change::resent)) << "it could not leave its node";
    EXPECT_THAT(see({connection("ESTABLISHED")}), ElementsAre(Change::answered));
    TcpConnection idle = connection("ESTABLISHED");
    idle.timers = {.timer = TcpTimer::keepalive, .expires_ms = 7'200'000};
    EXPECT_THAT(see({idle}), IsEmpty());
    idle.timers.attempts = 1;
    EXPECT_THAT(see({idle}), ElementsAre(Change::probed));
}

TEST_F(ConnectionChangesTest, HasBoundsAndSaysHowManyItLeavesOut) {
    changes_ = ConnectionChanges({.at_once = 3, .one_more = 1s});
    for (std::uint16_t port = 1; port <= 10; ++port) see({connection("ESTABLISHED", port)});
    now_ += 1s;
    ASSERT_THAT(see({}), ElementsAre(Change::gone));
    // Ten were opened and nine gone before that.
    EXPECT_EQ(last_.front().second.untold, 19U - 3U);
    see({connection("SYN_SENT", 11)});
    see({connection("ESTABLISHED", 11)});
    changes_.finish();
    const auto rest = changes_.take();
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest.front().second.socket.state, "ESTABLISHED");
    EXPECT_EQ(rest.front().second.untold, 1U);
}

TEST_F(ConnectionChangesTest, AThousandNodesHaveLessRoomEach) {
    const auto few = ConnectionChanges::bounds_of(10), many = ConnectionChanges::bounds_of(1000);
    EXPECT_EQ(few.at_once, 500U);
    EXPECT_EQ(many.at_once, 20U);
    EXPECT_EQ(many.one_more, 100s);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
