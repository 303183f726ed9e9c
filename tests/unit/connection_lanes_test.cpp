// SPDX-License-Identifier: Apache-2.0
#include "digest/connection_lanes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using Change = ConnectionChange;

class Told {
  public:
    Told& operator()(Nanoseconds t, Change change, const char* state, std::uint32_t attempts = 0,
                     std::uint32_t rto_us = 0, std::uint16_t port = 40000) {
        event::ConnectionChanged changed;
        changed.change = change;
        changed.socket.local = boost::asio::ip::make_address("10.99.0.3");
        changed.socket.remote = boost::asio::ip::make_address("10.99.0.2");
        changed.socket.local_port = port;
        changed.socket.remote_port = 9000;
        changed.socket.state = state;
        changed.timers.attempts = attempts;
        changed.timers.rto_us = rto_us;
        lanes_.take(1, 0, t, changed);
        return *this;
    }
    Json data() const { return lanes_.data(); }
    const ConnectionLanes& lanes() const { return lanes_; }

  private:
    ConnectionLanes lanes_;
};

TEST(ConnectionLanes, CountWhatTcpTried) {
    Told told;
    told(1s, Change::opened, "ESTABLISHED")(2s, Change::resent, "ESTABLISHED", 1, 400'000);
    told(3s, Change::resent, "ESTABLISHED", 3, 1'600'000)(4s, Change::answered, "ESTABLISHED");
    told(5s, Change::resent, "ESTABLISHED", 1, 200'000)(6s, Change::window_full, "ESTABLISHED", 0);
    told(7s, Change::probed, "ESTABLISHED", 1)(8s, Change::gone, "ESTABLISHED", 1);
    const Json data = told.data();
    ASSERT_EQ(data.size(), 1U);
    const Json& lane = data[0];
    EXPECT_EQ(lane["resent"], 4) << "two of them between two looks";
    EXPECT_EQ(lane["longest_wait_us"], 1'000'000) << "to the next time, or to the answer";
    EXPECT_EQ(lane["full"], 1);
    EXPECT_EQ(lane["probes"], 1);
    EXPECT_EQ(lane["from_us"], 1'000'000);
    EXPECT_EQ(lane["to_us"], 8'000'000);
    EXPECT_EQ(lane["peer"], 0);
    EXPECT_EQ(lane["marks"].size(), 8U);
    EXPECT_EQ(lane["marks"][2], Json::parse(R"([3000000,"resent","ESTABLISHED",3,1600000])"));
}

TEST(ConnectionLanes, PortsThatAreUsedAgainAreAnotherConnection) {
    Told told;
    told(1s, Change::opened, "ESTABLISHED")(2s, Change::gone, "TIME_WAIT")(3s, Change::opened, "SYN_SENT");
    told(4s, Change::opened, "SYN_SENT");  // nobody saw the last one go
    const Json data = told.data();
    ASSERT_EQ(data.size(), 3U);
    EXPECT_EQ(data[0]["state"], "TIME_WAIT");
    EXPECT_TRUE(data[1]["to_us"].is_null());
    EXPECT_EQ(data[2]["from_us"], 4'000'000);
}

TEST(ConnectionLanes, AreBoundedAndCountWhatTheyLeaveOut) {
    Told told;
    told(1s, Change::opened, "ESTABLISHED");
    for (std::uint32_t i = 1; i <= 1000; ++i) told(2s, Change::resent, "ESTABLISHED", i);
    told(3s, Change::gone, "ESTABLISHED");
    const Json lane = told.data()[0];
    EXPECT_EQ(lane["resent"], 1000);
    EXPECT_EQ(lane["marks"].size() + lane["left_out"].get<std::size_t>(), 1002U);
    EXPECT_LT(lane["marks"].size(), 500U);
    EXPECT_EQ(lane["to_us"], 3'000'000) << "its end is there";
    EXPECT_EQ(told.lanes().changes_left_out(), lane["left_out"]);
    for (std::uint16_t port = 1; port < 10'000; ++port) told(4s, Change::opened, "ESTABLISHED", 0, 0, port);
    EXPECT_LT(told.data().size(), 5'000U);
    EXPECT_EQ(told.data().size() + told.lanes().connections_left_out(), 10'000U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
