// SPDX-License-Identifier: Apache-2.0
#include "sockets/datagram_ends.h"

#include <gtest/gtest.h>

#include <utility>

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using End = SiteRouter::End;

IpAddress ip(const char* text) {
    return boost::asio::ip::make_address(text);
}
const IpAddress one = ip("10.99.0.3"), other = ip("10.99.0.4"), server = ip("10.99.0.2"),
                seen = ip("198.19.0.0");
DatagramWay from(const IpAddress& source, std::uint16_t port) {
    return {source, port, server, 9000};
}
DatagramWay to(const IpAddress& destination, std::uint16_t port) {
    return {server, 9000, destination, port};
}

// A router that knows what the test says it knows.
struct Nat {
    std::map<std::uint16_t, End> known;  // by the port that is seen
    unsigned asked = 0;
    DatagramEnds ends;
    Clock::time_point now{};

    DatagramCounts reveal(const DatagramCounts& counts, Nanoseconds later = 10s) {
        now += later;
        return ends.reveal(
            counts, now,
            [](const IpAddress& address) {
                return address == seen ? std::optional<std::size_t>(0) : std::nullopt;
            },
            [this](std::size_t) -> DatagramEnds::Opener {
                ++asked;
                return [this](const End& end, const End&) -> std::optional<End> {
                    const auto found = known.find(end.port);
                    return found == known.end() ? std::nullopt : std::optional(found->second);
                };
            });
    }
};

TEST(DatagramEnds, WhatPassesUnderAPublicAddressIsTheNodesBehindIt) {
    Nat nat;
    nat.known[1025] = {one, 40000};
    const DatagramCounts counts = nat.reveal({{from(one, 40000), {5, 0}},
                                              {from(seen, 1025), {0, 3}},
                                              {to(seen, 1025), {4, 0}},
                                              {to(one, 40000), {0, 2}}});
    ASSERT_EQ(counts.size(), 2U);
    EXPECT_EQ(counts.at(from(one, 40000)).came, 5U);
    EXPECT_EQ(counts.at(from(one, 40000)).passed, 3U);
    EXPECT_EQ(counts.at(to(one, 40000)).came, 4U);
    EXPECT_EQ(counts.at(to(one, 40000)).passed, 2U);
}

TEST(DatagramEnds, TheRouterIsAskedOnlyIfSomethingCame) {
    Nat nat;
    nat.known[1025] = {one, 40000};
    nat.reveal({{from(seen, 1025), {0, 3}}});
    nat.known.clear();
    const DatagramCounts same = nat.reveal({{from(seen, 1025), {0, 3}}});
    EXPECT_EQ(nat.asked, 1U);
    EXPECT_EQ(same.at(from(one, 40000)).passed, 3U) << "what it knew is remembered";
}

TEST(DatagramEnds, AFlowThatGoesOnIsAskedForAgainOnlyWhenRoutersWereToldToForget) {
    Nat nat;
    nat.known[1025] = {one, 40000};
    nat.reveal({{from(seen, 1025), {0, 3}}});
    nat.reveal({{from(seen, 1025), {0, 4}}}, 100ms);
    EXPECT_EQ(nat.asked, 1U);
    nat.ends.note_forgotten(1);
    nat.known[1025] = {other, 50000};
    EXPECT_EQ(nat.reveal({{from(seen, 1025), {0, 5}}}, 100ms).at(from(one, 40000)).passed, 4U);
    EXPECT_EQ(nat.asked, 2U);
    EXPECT_EQ(nat.reveal({{from(seen, 1025), {0, 6}}}, 100ms).at(from(other, 50000)).passed, 1U);
}

TEST(DatagramEnds, WhatNobodyKnowsIsNobodys) {
    Nat nat;
    EXPECT_TRUE(nat.reveal({{from(seen, 1025), {0, 3}}}).empty());
    nat.known[1025] = {one, 40000};
    EXPECT_EQ(nat.reveal({{from(seen, 1025), {0, 4}}}).at(from(one, 40000)).passed, 1U);
}

TEST(DatagramEnds, APortThatAnotherNodeGetsIsNotTheFirstOnes) {
    Nat nat;
    nat.known[1025] = {one, 40000};
    nat.reveal({{from(seen, 1025), {0, 3}}});
    nat.known[1025] = {other, 50000};
    const DatagramCounts between = nat.reveal({{from(seen, 1025), {0, 5}}});
    EXPECT_EQ(between.at(from(one, 40000)).passed, 3U);
    EXPECT_FALSE(between.contains(from(other, 50000))) << "some of these may be the first one's";
    EXPECT_EQ(nat.reveal({{from(seen, 1025), {0, 6}}}).at(from(other, 50000)).passed, 1U);
}

constexpr std::uint16_t flip = 0x4000, own = 40000, flipped = own ^ flip;

TEST(DatagramEnds, AnotherPortAtThePeerIsTheFlowsThatTheNodeHas) {
    DatagramCounts counts = {{from(one, own), {5, 5, 3, 1}},
                             {from(one, flipped), {3, 3, 0, 3}},
                             {to(one, flipped), {4, 4, 0, 1}},
                             {to(one, own), {3, 3, 3, 3}},
                             {from(one, 41000), {2, 2, 0, 2}}};
    undo_flips(counts, {{one, {flip}}});
    EXPECT_EQ(counts.at(from(one, own)).came, 8U);
    EXPECT_EQ(counts.at(from(one, own)).arrived, 4U);
    EXPECT_EQ(counts.at(to(one, own)).came, 7U);
    EXPECT_EQ(counts.at(to(one, own)).arrived, 3U) << "no program of the node has the other port";
    EXPECT_FALSE(counts.contains(from(one, flipped)));
    EXPECT_EQ(counts.at(from(one, 41000)).arrived, 2U);
}

TEST(DatagramEnds, AFlowThatWasNotTurnedKeepsWhatItHas) {
    DatagramCounts counts = {{from(one, own), {5, 5, 0, 5}}, {from(one, flipped), {3, 3, 0, 2}}};
    undo_flips(counts, {{one, {flip}}});
    EXPECT_EQ(counts.at(from(one, own)).arrived, 5U);
    EXPECT_EQ(counts.at(from(one, flipped)).arrived, 2U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
