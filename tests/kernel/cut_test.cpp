// SPDX-License-Identifier: Apache-2.0
#include <linux/netlink.h>

#include <tuple>

#include "kernel/flow.h"
#include "netcut/fault.h"

namespace netcut::test {
namespace {

using namespace std::chrono_literals;

class CutTest : public testing::TestWithParam<std::tuple<FabricKind, CutKind, bool>> {
  protected:
    void SetUp() override {
        NETCUT_NEEDS_ROOT();
        FabricOptions options;
        options.kind = std::get<0>(GetParam());
        options.ipv4 = !v6();
        options.ipv6 = v6();
        fabric_.emplace(must(Fabric::build(options, names(2))));
        table_.emplace(must(FaultTable::lay(*fabric_, {1})));
    }
    bool v6() const { return std::get<2>(GetParam()); }
    CutOptions cut_options() const {
        CutOptions options;
        options.kind = std::get<1>(GetParam());
        options.nodes = {1};
        return options;
    }
    std::optional<Fabric> fabric_;
    std::optional<FaultTable> table_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, CutTest,
                         testing::Combine(testing::Values(FabricKind::routed, FabricKind::bridge),
                                          testing::Values(CutKind::drop, CutKind::down, CutKind::unplug),
                                          testing::Bool()),
                         [](const auto& info) {
                             const CutKind kind = std::get<1>(info.param);
                             const std::string kind_name = kind == CutKind::drop   ? "Drop"
                                                           : kind == CutKind::down ? "Down"
                                                                                   : "Unplug";
                             return std::string(std::get<0>(info.param) == FabricKind::routed ? "Routed"
                                                                                              : "Bridge") +
                                    kind_name + (std::get<2>(info.param) ? "V6" : "V4");
                         });

TEST_P(CutTest, LosesBothDirectionsLeavesOthersAloneAndHeals) {
    Cut cut = must(Cut::prepare(*fabric_, *table_, cut_options()));
    TcpPair connection(*fabric_, 1, 0, v6());
    ASSERT_TRUE(connection.speaks());
    must(cut.fire());
    UdpProbe down(*fabric_, 0, 1, v6());
    UdpProbe others(*fabric_, 2, 0, v6());
    EXPECT_FALSE(down.passes());
    EXPECT_TRUE(others.passes());
    ::send(connection.client.get(), "lost", 4, MSG_NOSIGNAL);
    std::this_thread::sleep_for(50ms);
    const Losses losses = must(cut.losses()).at(1);
    EXPECT_GE(losses.down, 1U);
    EXPECT_TRUE(must(cut.in_effect()));
    if (cut.options().kind == CutKind::drop) {
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
    for (int i = 0; i < 10 && !back; ++i) back = UdpProbe(*fabric_, 0, 1, v6()).passes();
    EXPECT_TRUE(back);
}

TEST_P(CutTest, FiringTwiceAndHealingEarlyOrTwiceIsHarmless) {
    Cut cut = must(Cut::prepare(*fabric_, *table_, cut_options()));
    must(cut.heal());
    must(cut.fire());
    must(cut.fire());
    must(cut.heal());
    must(cut.heal());
    must(cut.fire());
    EXPECT_FALSE(UdpProbe(*fabric_, 0, 1, v6()).passes());
    must(cut.heal());
    bool back = false;
    for (int i = 0; i < 10 && !back; ++i) back = UdpProbe(*fabric_, 0, 1, v6()).passes();
    EXPECT_TRUE(back);
}

class DropTest : public testing::Test {
  protected:
    void SetUp() override {
        NETCUT_NEEDS_ROOT();
        fabric_.emplace(must(Fabric::build({}, names(2))));
        table_.emplace(must(FaultTable::lay(*fabric_, {1})));
    }
    std::optional<Fabric> fabric_;
    std::optional<FaultTable> table_;
};

TEST_F(DropTest, EachPacketIsCountedInItsDirection) {
    for (const Direction direction : {Direction::up, Direction::down, Direction::both}) {
        CutOptions options;
        options.nodes = {1};
        options.direction = direction;
        Cut cut = must(Cut::prepare(*fabric_, *table_, options));
        UdpProbe up(*fabric_, 1, 0, false);
        UdpProbe down(*fabric_, 0, 1, false);
        must(cut.fire());
        EXPECT_TRUE(must(table_->is_losing_at_port(1, direction)));
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
        EXPECT_FALSE(must(table_->is_losing_at_port(1, direction)));
    }
}

TEST_F(DropTest, SeveralNodesAreCutTogetherAndCountedApart) {
    FaultTable both = must(FaultTable::lay(*fabric_, {1, 2}));
    for (const CutKind kind : {CutKind::drop, CutKind::unplug}) {
        CutOptions options;
        options.kind = kind;
        options.nodes = {1, 2};
        Cut cut = must(Cut::prepare(*fabric_, both, options));
        UdpProbe first(*fabric_, 0, 1, false);
        UdpProbe second(*fabric_, 0, 2, false);
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
    CutOptions options;
    options.nodes = {1};
    options.duration = 400ms;
    Cut cut = must(Cut::prepare(*fabric_, *table_, options));
    UdpProbe probe(*fabric_, 1, 0, false);
    must(cut.fire());
    EXPECT_FALSE(probe.passes());  // it waits 300 ms
    std::this_thread::sleep_for(300ms);
    EXPECT_TRUE(probe.passes());
    must(cut.heal());  // nothing is left to delete, and that is no error
    EXPECT_TRUE(probe.passes());
}

TEST_F(DropTest, BareAcknowledgementsAreNotData) {
    const auto data = [&] { return must(table_->read()).at(1); };
    for (const bool v6 : {false, true}) {
        TcpPair connection(*fabric_, 1, 0, v6, v6 ? 5001 : 5000);
        const PortCounters before = data();
        char byte = 0;
        for (int i = 0; i < 10; ++i) {  // up only: the other way there are but acknowledgements
            ASSERT_EQ(::send(connection.client.get(), "p", 1, 0), 1);
            ASSERT_EQ(::recv(connection.server.get(), &byte, 1, 0), 1);
        }
        const PortCounters after = data();
        EXPECT_EQ(after.data_up.packets - before.data_up.packets, 10U);
        EXPECT_EQ(after.data_down.packets, before.data_down.packets);
    }
}

TEST_F(DropTest, PacketsAreCountedWhenTheRoutersEndIsDown) {
    CutOptions options;
    options.kind = CutKind::down;
    options.down_end = LinkEnd::router;
    options.nodes = {1};
    Cut cut = must(Cut::prepare(*fabric_, *table_, options));
    UdpProbe up(*fabric_, 1, 0, false);
    UdpProbe down(*fabric_, 0, 1, false);
    must(cut.fire());
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(down.send());
    for (int i = 0; i < 5; ++i) up.send();
    EXPECT_FALSE(up.receive());
    const Losses losses = must(cut.losses()).at(1);
    EXPECT_EQ(losses.down, 5U);
    EXPECT_EQ(losses.unsendable, 5U);
    must(cut.heal());
}

TEST_F(DropTest, RenumberedNodeIsLostAndCountedUnderItsNewAddressToo) {
    CutOptions options;
    options.kind = CutKind::unplug;
    options.nodes = {1};
    options.plug.new_address = true;
    Cut cut = must(Cut::prepare(*fabric_, *table_, options));
    must(cut.fire());
    must(cut.heal());
    must(cut.fire());
    UdpProbe down(*fabric_, 0, 1, false);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(down.send()) << "no ICMP error may come back";
    EXPECT_FALSE(down.receive());
    EXPECT_EQ(must(cut.losses()).at(1).down, 3U);
    must(cut.heal());
    EXPECT_TRUE(UdpProbe(*fabric_, 0, 1, false).passes());
}

}  // namespace
}  // namespace netcut::test
