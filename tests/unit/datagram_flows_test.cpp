// SPDX-License-Identifier: Apache-2.0
#include "recovery/datagram_flows.h"

#include <gtest/gtest.h>

#include "fault/datagram_counters.h"
#include "kernel/address.h"

namespace netcut::test {
namespace {

using namespace std::chrono_literals;
using Outcome = Conversation::Outcome;

const IpAddress near = boost::asio::ip::make_address("10.0.0.2"),
                far = boost::asio::ip::make_address("10.0.0.1");

struct Counts {
    std::uint16_t port;
    std::uint64_t up_came, up_passed, down_came, down_passed;
};

FlowSample sample(std::initializer_list<Counts> flows, std::set<std::uint16_t> held) {
    FlowSample sample;
    for (const Counts& one : flows)
        sample.flows[{near, one.port, far, 9000}] = {{one.up_came, one.up_passed, 0, one.up_passed},
                                                     {one.down_came, one.down_passed, 0, one.down_passed}};
    sample.held = std::move(held);
    sample.who = [](const IpAddress&) { return "aggregator"; };
    return sample;
}

DatagramFlows flows() {
    return DatagramFlows([](const ConversationKey&, bool) { return true; });
}

TEST(DatagramFlows, OneThatLostDatagramsHasGoneOnWhenTheyPassBothWays) {
    DatagramFlows all = flows();
    all.at_fire(sample({{50, 3, 3, 3, 3}}, {50}));
    all.at_heal(sample({{50, 7, 3, 3, 3}}, {50}));
    all.after(sample({{50, 8, 4, 3, 3}}, {50}), 10ms);
    EXPECT_FALSE(all.all_went_on());
    EXPECT_EQ(all.list().at(0).outcome, Outcome::stuck);
    all.after(sample({{50, 8, 4, 4, 4}}, {50}), 20ms);
    EXPECT_TRUE(all.all_went_on());
    EXPECT_EQ(all.list().at(0).outcome, Outcome::resumed);
    EXPECT_EQ(all.list().at(0).after, 20ms);
    EXPECT_TRUE(all.list().at(0).udp);
    EXPECT_TRUE(all.exchanged());
}

TEST(DatagramFlows, OneThatASitesRouterLosesHasNotPassed) {
    DatagramFlows all = flows();
    FlowSample lost = sample({{50, 3, 3, 3, 3}}, {50});
    all.at_fire(lost);
    auto& counts = lost.flows.begin()->second;
    counts.up = {7, 3, 0, 3};
    all.at_heal(lost);
    counts = {{9, 5, 0, 5}, {6, 6, 0, 3}};
    all.after(lost, 10ms);
    EXPECT_TRUE(all.sent());
    EXPECT_FALSE(all.received());
    EXPECT_FALSE(all.all_went_on());
    counts.down = {8, 8, 0, 4};
    all.after(lost, 20ms);
    EXPECT_EQ(all.received(), 20ms);
    EXPECT_TRUE(all.all_went_on());
}

TEST(DatagramFlows, AnotherPortReplacesOne) {
    DatagramFlows all = flows();
    all.at_fire(sample({{50, 3, 3, 3, 3}}, {50}));
    all.at_heal(sample({{50, 7, 3, 3, 3}}, {}));
    all.after(sample({{50, 7, 3, 3, 3}, {51, 1, 1, 0, 0}}, {51}), 10ms);
    EXPECT_EQ(all.list().at(0).outcome, Outcome::given_up);
    all.after(sample({{50, 7, 3, 3, 3}, {51, 1, 1, 1, 1}}, {51}), 30ms);
    EXPECT_EQ(all.list().at(0).outcome, Outcome::replaced);
    EXPECT_EQ(all.list().at(0).after, 30ms);
}

TEST(DatagramFlows, WayThatHasNeverCarriedAnythingIsNotWaitedFor) {
    DatagramFlows all = flows();
    all.at_fire(sample({{50, 3, 3, 0, 0}}, {50}));
    all.at_heal(sample({{50, 7, 3, 0, 0}}, {50}));
    EXPECT_EQ(all.list().at(0).outcome, Outcome::silent);
    all.after(sample({{50, 8, 4, 0, 0}}, {50}), 10ms);
    EXPECT_EQ(all.list().at(0).outcome, Outcome::resumed);
}

TEST(DatagramFlows, OneThatLostNothingIsNotListed) {
    DatagramFlows all = flows();
    all.at_fire(sample({{50, 3, 3, 3, 3}}, {50}));
    all.at_heal(sample({{50, 3, 3, 3, 3}}, {50}));
    all.after(sample({{50, 4, 4, 4, 4}}, {50}), 10ms);
    EXPECT_TRUE(all.list().empty());
    EXPECT_TRUE(all.all_went_on());
    EXPECT_EQ(all.others(), 1U);
    EXPECT_EQ(all.received(), 10ms);
}

FlowSample rebound(FlowSample sample, std::uint64_t up, std::uint64_t down) {
    for (auto& [key, counts] : sample.flows) {
        counts.up.rebound = up;
        counts.down.rebound = down;
    }
    return sample;
}

TEST(DatagramFlows, OneThatHadAnotherPortHasToGoOnFromItsOwn) {
    DatagramFlows all = flows();
    all.at_fire(sample({{50, 3, 3, 3, 3}}, {50}));
    all.at_heal(rebound(sample({{50, 5, 5, 5, 5}}, {50}), 2, 2));
    EXPECT_FALSE(all.all_went_on());
    all.after(rebound(sample({{50, 6, 6, 5, 5}}, {50}), 2, 2), 10ms);
    EXPECT_EQ(all.list().at(0).outcome, Outcome::stuck);
    all.after(rebound(sample({{50, 6, 6, 6, 6}}, {50}), 2, 2), 20ms);
    EXPECT_EQ(all.list().at(0).outcome, Outcome::resumed);
    EXPECT_EQ(all.list().at(0).after, 20ms);
}

TEST(DatagramFlows, OneThatWasAnsweredAtItsOtherPortAndEndedIsNotWaitedFor) {
    for (const std::uint64_t answers : {0, 2}) {
        DatagramFlows all = flows();
        all.at_fire(sample({{50, 3, 3, 3, 3}}, {50}));
        all.at_heal(rebound(sample({{50, 5, 5, 3 + answers, 3 + answers}}, {}), 2, answers));
        EXPECT_EQ(all.list().size(), answers == 0 ? 1U : 0U);
    }
}

TEST(DatagramFlows, WhatComesForAProgramThatIsGoneIsNobodys) {
    DatagramFlows all = flows();
    all.at_fire(sample({{50, 3, 3, 3, 3}}, {50}));
    all.during(sample({{50, 3, 3, 4, 3}}, {}));
    all.at_heal(sample({{50, 3, 3, 5, 3}}, {}));
    all.after(sample({{50, 3, 3, 6, 4}}, {}), 10ms);
    EXPECT_FALSE(all.received());
    EXPECT_FALSE(all.exchanged());
    EXPECT_EQ(all.list().at(0).outcome, Outcome::given_up);
}

TEST(DatagramFlows, AreThoseOfTheNodesAddresses) {
    const DatagramCounts counts = {{{near, 50, far, 9000}, {4, 3}},
                                   {{far, 9000, near, 50}, {2, 1}},
                                   {{far, 9000, boost::asio::ip::make_address("10.0.0.3"), 50}, {2, 1}},
                                   {{near, 50, boost::asio::ip::make_address("224.0.0.1"), 9}, {1, 1}}};
    const auto found = flows_of({near}, counts);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.begin()->second.up.came, 4U);
    EXPECT_EQ(found.begin()->second.down.passed, 1U);
}

}  // namespace
}  // namespace netcut::test
