// SPDX-License-Identifier: Apache-2.0
#include <linux/netlink.h>

#include <tuple>
#include <utility>

#include "base/io.h"
#include "fabric/fabric.h"
#include "fabric/options.h"
#include "fault/data_counters.h"
#include "fault/fault.h"
#include "fault/losses.h"
#include "fault/plan.h"
#include "kernel/fault_scene.h"
#include "report/terminal.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

enum class Kind { drop, down, unplug };

FaultPlan plan_of(Kind kind) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.link = kind == Kind::down     ? LinkChange::down
                : kind == Kind::unplug ? LinkChange::unplug
                                       : LinkChange::none;
    return plan;
}

class CutTest : public testing::TestWithParam<std::tuple<FabricKind, Kind, bool>> {
  protected:
    void SetUp() override {
        NETCUT_NEEDS_ROOT();
        FabricOptions options;
        options.kind = std::get<0>(GetParam());
        options.ipv4 = !v6();
        options.ipv6 = v6();
        scene_.emplace(options, std::vector{plan_of(kind())});
    }
    Kind kind() const { return std::get<1>(GetParam()); }
    bool v6() const { return std::get<2>(GetParam()); }
    std::optional<FaultScene> scene_;
};

INSTANTIATE_TEST_SUITE_P(
    Kinds, CutTest,
    testing::Combine(testing::Values(FabricKind::routed, FabricKind::bridge),
                     testing::Values(Kind::drop, Kind::down, Kind::unplug), testing::Bool()),
    [](const auto& info) {
        const Kind kind = std::get<1>(info.param);
        const std::string kind_name = kind == Kind::drop ? "Drop" : kind == Kind::down ? "Down" : "Unplug";
        return std::string(std::get<0>(info.param) == FabricKind::routed ? "Routed" : "Bridge") + kind_name +
               (std::get<2>(info.param) ? "V6" : "V4");
    });

TEST_P(CutTest, LosesBothDirectionsLeavesOthersAloneAndHeals) {
    Fault& cut = scene_->fault();
    TcpPair connection(scene_->fabric, 1, 0, v6());
    ASSERT_TRUE(connection.speaks());
    must(cut.fire());
    UdpProbe down(scene_->fabric, 0, 1, v6());
    UdpProbe others(scene_->fabric, 2, 0, v6());
    EXPECT_FALSE(down.passes());
    EXPECT_TRUE(others.passes());
    ::send(connection.client.get(), "lost", 4, MSG_NOSIGNAL);
    std::this_thread::sleep_for(50ms);
    const Losses losses = must(cut.losses()).at(1);
    EXPECT_GE(losses.down, 1U);
    EXPECT_TRUE(must(cut.in_effect()));
    if (kind() == Kind::drop) {
        EXPECT_GE(losses.up, 1U);
    } else {
        EXPECT_EQ(losses.up, 0U);
        EXPECT_GE(losses.unsendable, 1U) << "the node has no way to send";
    }
    must(cut.heal());
    EXPECT_FALSE(cut.active());
    char byte = 0;
    EXPECT_EQ(::recv(connection.server.get(), &byte, 1, 0), 1) << "TCP resends what was lost";
    EXPECT_TRUE(others.passes());
    bool back = false;
    for (int i = 0; i < 10 && !back; ++i) back = UdpProbe(scene_->fabric, 0, 1, v6()).passes();
    EXPECT_TRUE(back);
}

TEST_P(CutTest, FiringTwiceAndHealingEarlyOrTwiceIsHarmless) {
    Fault& cut = scene_->fault();
    must(cut.heal());
    must(cut.fire());
    must(cut.fire());
    must(cut.heal());
    must(cut.heal());
    must(cut.fire());
    EXPECT_FALSE(UdpProbe(scene_->fabric, 0, 1, v6()).passes());
    must(cut.heal());
    bool back = false;
    for (int i = 0; i < 10 && !back; ++i) back = UdpProbe(scene_->fabric, 0, 1, v6()).passes();
    EXPECT_TRUE(back);
}

class DropTest : public testing::Test {
  protected:
    void SetUp() override { NETCUT_NEEDS_ROOT(); }
};

TEST_F(DropTest, EachPacketIsCountedInItsDirection) {
    for (const Direction direction : {Direction::up, Direction::down, Direction::both}) {
        FaultPlan plan = plan_of(Kind::drop);
        plan.filter.direction = direction;
        FaultScene scene({}, {plan});
        Fault& cut = scene.fault();
        UdpProbe up(scene.fabric, 1, 0, false);
        UdpProbe down(scene.fabric, 0, 1, false);
        must(cut.fire());
        EXPECT_TRUE(must(cut.in_effect()));
        const bool up_passes = direction == Direction::down;
        const bool down_passes = direction == Direction::up;
        for (int i = 0; i < 7; ++i) up.send();
        for (int i = 0; i < 5; ++i) down.send();
        EXPECT_EQ(up.receive(), up_passes);
        EXPECT_EQ(down.receive(), down_passes);
        const Losses losses = must(cut.losses()).at(1);
        EXPECT_EQ(losses.up, up_passes ? 0U : 7U);
        EXPECT_EQ(losses.down, down_passes ? 0U : 5U);
        must(cut.heal());
        EXPECT_FALSE(must(cut.in_effect()));
    }
}

TEST_F(DropTest, SeveralNodesAreCutTogetherAndCountedApart) {
    for (const Kind kind : {Kind::drop, Kind::unplug}) {
        FaultPlan plan = plan_of(kind);
        plan.nodes = {1, 2};
        FaultScene scene({}, {plan});
        Fault& cut = scene.fault();
        UdpProbe first(scene.fabric, 0, 1, false);
        UdpProbe second(scene.fabric, 0, 2, false);
        must(cut.fire());
        EXPECT_TRUE(must(cut.in_effect()));
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(first.send());
        EXPECT_TRUE(second.send());
        EXPECT_FALSE(first.receive());
        EXPECT_EQ(must(cut.losses()).at(1).down, 3U);
        EXPECT_EQ(must(cut.losses()).at(2).down, 1U);
        must(cut.heal());
        EXPECT_FALSE(must(cut.in_effect()));
    }
}

TEST_F(DropTest, TheKernelHealsByItselfWhenTheLeaseIsOver) {
    FaultPlan plan = plan_of(Kind::drop);
    plan.duration = 400ms;
    FaultScene scene({}, {plan});
    UdpProbe probe(scene.fabric, 1, 0, false);
    must(scene.fault().fire());
    EXPECT_FALSE(probe.passes());  // it waits 300 ms
    std::this_thread::sleep_for(300ms);
    EXPECT_TRUE(probe.passes());
    must(scene.fault().heal());  // nothing is left to delete, and that is no error
    EXPECT_TRUE(probe.passes());
}

TEST_F(DropTest, BareAcknowledgementsAreNotData) {
    FaultScene scene({}, {plan_of(Kind::drop)});
    const auto data = [&] { return must(scene.table.read_data(1)); };
    for (const bool v6 : {false, true}) {
        TcpPair connection(scene.fabric, 1, 0, v6, v6 ? 5001 : 5000);
        const DataCounters before = data();
        char byte = 0;
        for (int i = 0; i < 10; ++i) {  // up only: the other way there are but acknowledgements
            ASSERT_EQ(::send(connection.client.get(), "p", 1, 0), 1);
            ASSERT_EQ(::recv(connection.server.get(), &byte, 1, 0), 1);
        }
        const DataCounters after = data();
        EXPECT_EQ(after.up.packets - before.up.packets, 10U);
        EXPECT_EQ(after.down.packets, before.down.packets);
    }
}

class RoutersEndTest : public EachFabricTest {
  protected:
    // Six datagrams that are for nobody in particular, which are lost but not counted.
    static void send_to_all(Fabric& fabric, bool v6) {
        const Fd sender = open_socket(fabric.node(1), SOCK_DGRAM, v6);
        const int on = 1;
        ::setsockopt(sender.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
        ::setsockopt(sender.get(), SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5);
        const std::vector<const char*> groups =
            v6 ? std::vector{"ff02::1", "ff05::2"} : std::vector{"224.0.0.1", "255.255.255.255"};
        for (const char* group : groups) {
            const Endpoint to(boost::asio::ip::make_address(group), 9);
            for (int i = 0; i < 3; ++i) EXPECT_EQ(::sendto(sender.get(), "x", 1, 0, to.get(), to.size), 1);
        }
    }
};
INSTANTIATE_TEST_SUITE_P(Fabrics, RoutersEndTest, each_fabric(), fabric_name);

TEST_P(RoutersEndTest, WhatTheNodeSendsWhileItIsDownIsCounted) {
    FaultPlan plan = plan_of(Kind::down);
    plan.down_end = LinkEnd::router;
    FaultScene scene(options(), {plan});
    Fault& cut = scene.fault();
    UdpProbe up(scene.fabric, 1, 0, v6());
    UdpProbe down(scene.fabric, 0, 1, v6());
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 4; ++i) EXPECT_TRUE(up.send());
        EXPECT_TRUE(up.receive());
        must(cut.fire());
        for (int i = 0; i < 5; ++i) EXPECT_TRUE(down.send());
        for (int i = 0; i < 5; ++i) EXPECT_TRUE(up.send());
        send_to_all(scene.fabric, v6());
        EXPECT_EQ(must(cut.losses()).at(1).unsendable, 5U);
        must(cut.heal());
        for (int i = 0; i < 4; ++i) up.send();
        const Losses losses = must(cut.losses()).at(1);
        EXPECT_EQ(losses.unsendable, 5U);
        EXPECT_EQ(losses.down, 5U);
        EXPECT_EQ(losses.up, 0U);
        bool back = false;
        for (int i = 0; i < 10 && !back; ++i) back = up.passes();
        EXPECT_TRUE(back);
    }
}

TEST_P(RoutersEndTest, WhatWasSentBeforeTheMomentIsNotCounted) {
    FaultPlan plan = plan_of(Kind::down);
    plan.down_end = LinkEnd::router;
    WireMoment third;
    third.kind = WireMoment::Kind::sent_packets;
    third.amount = 3;
    plan.trigger = WireTrigger{third, 1, {}};
    FaultScene scene(options(), {plan});
    Fault& cut = scene.fault();
    UdpProbe up(scene.fabric, 1, 0, v6());
    must(cut.arm());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(up.passes());
    must(cut.follow());
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(up.send());
    EXPECT_EQ(must(cut.losses()).at(1).unsendable, 2U);
    must(cut.heal());
}

TEST_F(DropTest, RenumberedNodeIsLostAndCountedUnderItsNewAddressToo) {
    FaultPlan plan = plan_of(Kind::unplug);
    plan.plug.new_address = true;
    FaultScene scene({}, {plan});
    Fault& cut = scene.fault();
    must(cut.fire());
    must(cut.heal());
    must(cut.fire());
    UdpProbe down(scene.fabric, 0, 1, false);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(down.send()) << "no ICMP error may come back";
    EXPECT_FALSE(down.receive());
    EXPECT_EQ(must(cut.losses()).at(1).down, 3U);
    must(cut.heal());
    EXPECT_TRUE(UdpProbe(scene.fabric, 0, 1, false).passes());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
