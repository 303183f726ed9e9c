// SPDX-License-Identifier: Apache-2.0
//
// Faults at the ports of nodes in a site, and of those that speak to them.
#include <gmock/gmock.h>

#include "fault/losses.h"
#include "kernel/site_scene.h"
#include "time_scale.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Ge;
using testing::Le;

class SiteFaultTest : public SiteTest {};
INSTANTIATE_TEST_SUITE_P(Ip, SiteFaultTest, each_ip(), ip_name);

TEST_P(SiteFaultTest, ADropActsOnOneNodeAlone) {
    FaultPlan plan;
    plan.nodes = {1};
    FaultScene at = scene(plan, firewalled());
    const UdpProbe own(at.fabric, 1, 0, v6());
    must(at.fault().fire());
    EXPECT_FALSE(UdpProbe(at.fabric, 1, 0, v6()).passes());
    EXPECT_TRUE(UdpProbe(at.fabric, 2, 0, v6()).passes());
    must(at.fault().heal());
    EXPECT_TRUE(UdpProbe(at.fabric, 1, 0, v6()).passes());
    EXPECT_EQ(must(at.fault().losses()).at(1).up, 1U);
}

TEST_P(SiteFaultTest, PeersAreKnownByTheirAddress) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.filter.peers = {0};
    FaultScene at = scene(plan, firewalled());
    const TcpPair kept(at.fabric, 1, 3, v6(), 5001);
    must(at.fault().fire());
    EXPECT_FALSE(UdpProbe(at.fabric, 1, 0, v6()).passes());
    EXPECT_TRUE(kept.speaks());
    EXPECT_TRUE(UdpProbe(at.fabric, 1, 2, v6()).passes());
    EXPECT_EQ(must(at.fault().losses()).at(1).up, 1U);
}

TEST_P(SiteFaultTest, WhatComesFromAPeerIsLostAtTheNodesPort) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.filter.peers = {0};
    plan.filter.direction = Direction::down;
    FaultScene at = scene(plan, firewalled());
    const TcpPair lost(at.fabric, 1, 0, v6(), 5001);
    must(at.fault().fire());
    const timeval patience{0, 300'000};
    ::setsockopt(lost.client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ASSERT_EQ(::send(lost.server.get(), "a", 1, 0), 1);
    EXPECT_FALSE(is_told_of(lost.client, "a"));
    EXPECT_GE(must(at.fault().losses()).at(1).down, 1U);
    EXPECT_EQ(must(at.fault().losses()).at(1).up, 0U);
}

// Of node 0, which comes back under another address.
FaultPlan renumbering() {
    FaultPlan plan;
    plan.nodes = {0};
    plan.link = LinkChange::unplug;
    plan.plug.new_address = true;
    return plan;
}

void renumber(FaultScene& at, std::size_t number) {
    must(at.fault(number).fire());
    must(at.fault(number).heal());
}

TEST_P(SiteFaultTest, APeerThatHasAnotherAddressIsStillMeant) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.filter.peers = {0};
    FaultScene at(with_site(v6(), firewalled()), {plan, renumbering()}, site_collaborators);
    must(at.fault().fire());
    renumber(at, 1);
    EXPECT_FALSE(UdpProbe(at.fabric, 1, 0, v6()).passes());
    EXPECT_TRUE(UdpProbe(at.fabric, 2, 0, v6()).passes());
    EXPECT_TRUE(UdpProbe(at.fabric, 1, 3, v6()).passes());
    EXPECT_EQ(must(at.fault().losses()).at(1).up, 1U);
}

TEST_P(SiteFaultTest, AWatchedPeerThatHasAnotherAddressIsStillWatched) {
    FaultPlan plan;
    plan.nodes = {1};
    WireMoment moment;
    moment.kind = WireMoment::Kind::sent_packets;
    moment.amount = 3;
    plan.trigger = WireTrigger{moment, 1, 0};
    FaultScene at(with_site(v6(), firewalled()), {plan, renumbering()}, site_collaborators);
    renumber(at, 1);
    must(at.fault().arm());
    const Datagrams watched(at.fabric, 1, 0, v6());
    for (int i = 0; i < 6; ++i) watched.send();
    EXPECT_EQ(watched.arrived(3), 3U);
    EXPECT_TRUE(must(at.fault().in_effect()));
}

TEST_P(SiteFaultTest, APartitionSeparatesTheSitesNodeAndTheAggregatorAlone) {
    FaultPlan plan;
    plan.nodes = {0, 1};
    plan.pairs = {{0, 1}, {1, 0}};
    FaultScene at = scene(plan, v6() ? firewalled() : behind(Nat::home));
    const TcpPair held(at.fabric, 1, 0, v6(), 5001);
    must(at.fault().fire());
    EXPECT_TRUE(UdpProbe(at.fabric, 2, 0, v6()).passes());
    EXPECT_TRUE(UdpProbe(at.fabric, 1, 3, v6()).passes());
    EXPECT_FALSE(UdpProbe(at.fabric, 1, 0, v6()).passes());
    ASSERT_EQ(::send(held.server.get(), "a", 1, 0), 1);
    std::this_thread::sleep_for(50ms);
    const auto losses = must(at.fault().losses());
    EXPECT_EQ(losses.at(1).up, 1U);
    EXPECT_GE(losses.at(0).up + losses.at(1).down, 1U);
}

TEST_P(SiteFaultTest, ADatagramHasPassedWhenTheFarEndsPortHasIt) {
    FaultPlan plan;
    plan.nodes = {1};
    FaultScene at = scene(plan, firewalled());
    const Datagrams unasked(at.fabric, 0, 1, v6()), asked(at.fabric, 1, 0, v6(), 7001);
    for (int i = 0; i < 3; ++i) {
        unasked.send();
        asked.send();
    }
    EXPECT_EQ(asked.arrived(3), 3U);
    EXPECT_EQ(unasked.arrived(1), 0U);
    const auto counts = must(at.table.read_datagrams());
    ASSERT_EQ(counts.size(), 2U);
    for (const auto& [way, count] : counts) {
        EXPECT_EQ(count.came, count.passed);
        EXPECT_EQ(count.arrived, std::get<3>(way) == 7001 ? 3U : 0U) << "the firewall has lost it";
    }
}

TEST_P(SiteFaultTest, WhatCrossesTheSitesBorderIsLostAndTheRestPasses) {
    FaultPlan plan;
    plan.nodes = {1, 2};
    plan.filter.outside = true;
    FaultScene at = scene(plan, firewalled());
    must(at.fault().fire());
    EXPECT_TRUE(UdpProbe(at.fabric, 1, 2, v6()).passes());
    EXPECT_FALSE(UdpProbe(at.fabric, 1, 0, v6()).passes());
    EXPECT_FALSE(UdpProbe(at.fabric, 2, 3, v6()).passes());
    EXPECT_TRUE(UdpProbe(at.fabric, 0, 3, v6()).passes());
    must(at.fault().heal());
    EXPECT_TRUE(UdpProbe(at.fabric, 1, 0, v6()).passes());
    const auto losses = must(at.fault().losses());
    EXPECT_EQ(losses.at(1).up, 1U);
    EXPECT_EQ(losses.at(2).up, 1U);
}

TEST_P(SiteFaultTest, ASiteThatTwoFaultsCutOffIsBackAfterTheLast) {
    FaultPlan plan;
    plan.nodes = {1, 2};
    plan.filter.outside = true;
    FaultScene at(with_site(v6(), firewalled()), {plan, plan}, site_collaborators);
    for (const std::size_t number : {0, 1}) must(at.fault(number).fire());
    must(at.fault(0).heal());
    EXPECT_FALSE(UdpProbe(at.fabric, 1, 0, v6()).passes());
    must(at.fault(1).heal());
    EXPECT_TRUE(UdpProbe(at.fabric, 1, 0, v6()).passes());
}

TEST_P(SiteFaultTest, TheMomentIsExactAtTheNodesPort) {
    FaultPlan plan;
    plan.nodes = {1};
    WireMoment moment;
    moment.kind = WireMoment::Kind::sent_packets;
    moment.amount = 7;
    plan.trigger = WireTrigger{moment, 1, 0};
    FaultScene at = scene(plan, v6() ? firewalled() : behind(Nat::symmetric));
    const Datagrams watched(at.fabric, 1, 0, v6()), other(at.fabric, 1, 3, v6(), 7001);
    must(at.fault().arm());
    for (int i = 0; i < 20; ++i) {
        other.send();
        watched.send();
    }
    EXPECT_EQ(watched.arrived(7), 7U);
    EXPECT_EQ(other.arrived(7), 7U) << "one before each of them; and then all is lost";
}

TEST_P(SiteFaultTest, AResetReachesBothEnds) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.action = ResetConnection{};
    FaultScene at = scene(plan, v6() ? firewalled() : behind(Nat::symmetric));
    const TcpPair from_node(at.fabric, 1, 0, v6(), 5001), from_server(at.fabric, 1, 0, v6(), 5002);
    must(at.fault().fire());
    const auto is_reset = [](const Fd& fd) {
        EXPECT_EQ(::send(fd.get(), "x", 1, MSG_NOSIGNAL), 1);
        char byte = 0;
        return ::recv(fd.get(), &byte, 1, 0) < 0 && errno == ECONNRESET;
    };
    EXPECT_TRUE(is_reset(from_node.client));
    EXPECT_TRUE(is_reset(from_server.server)) << "by way of the site's router";
}

TEST_P(SiteFaultTest, ARefusalReachesTheNode) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.action = Refuse{UnreachableCode::port_unreachable};
    FaultScene at = scene(plan, v6() ? firewalled() : behind(Nat::home));
    must(at.fault().fire());
    const Fd client = open_socket(at.fabric.node(1), SOCK_DGRAM, v6());
    const Endpoint target(UdpProbe::address(at.fabric, 0, v6()), 6000);
    ASSERT_EQ(::connect(client.get(), target.get(), target.size), 0);
    ASSERT_EQ(::send(client.get(), "x", 1, 0), 1);
    char byte = 0;
    EXPECT_LT(::recv(client.get(), &byte, 1, 0), 0);
    EXPECT_EQ(errno, ECONNREFUSED);
}

TEST_P(SiteFaultTest, PacketsOfASiteAreHeldToo) {
    FaultPlan plan;
    plan.nodes = {1};
    Hold hold;
    QueueSpec spec;
    spec.delay = 100ms;
    hold.up.list = hold.down.list = must(HoldList::make(spec, 1, 1));
    plan.action = hold;
    FaultScene at = scene(plan, v6() ? firewalled() : behind(Nat::home));
    const TcpPair connection(at.fabric, 1, 0, v6());
    ASSERT_TRUE(connection.speaks());
    must(at.fault().fire());
    const auto begin = Clock::now();
    ASSERT_TRUE(connection.speaks());
    EXPECT_THAT(seconds(Nanoseconds(Clock::now() - begin)), AllOf(Ge(0.199), Le(0.3 * time_scale())));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
