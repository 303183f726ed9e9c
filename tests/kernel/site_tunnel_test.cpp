// SPDX-License-Identifier: Apache-2.0
//
// The VPN of a site: what passes it, how large it may be, and what becomes of it while the tunnel carries nothing.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "fault/probe.h"
#include "kernel/site_scene.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Ge;
using testing::Le;

SiteSpec with_vpn(Nat nat = Nat::none) {
    SiteSpec site;
    site.nat = nat;
    site.vpn = Vpn::wireguard;
    return site;
}

class SiteTunnelTest : public SiteTest {
  protected:
    void SetUp() override {
        SiteTest::SetUp();
        if (IsSkipped()) return;
        if (!probe(Need::wireguard, must(NetNs::create())))
            GTEST_SKIP() << "this kernel has no WireGuard (CONFIG_WIREGUARD)";
    }
};
INSTANTIATE_TEST_SUITE_P(Ip, SiteTunnelTest, each_ip(), ip_name);

TEST_P(SiteTunnelTest, NodesReachEachOtherThroughItUnderTheirOwnAddresses) {
    Fabric all = fabric(with_vpn());
    expect_all_reach_each_other(all, v6());
}

TEST_P(SiteTunnelTest, TheUplinkCarriesNothingElse) {
    SiteSpec site = with_vpn();
    RateLimit rate;
    rate.bits_per_second = 80'000'000;
    site.up = site.down = rate;
    Fabric all = fabric(site);
    constexpr std::size_t bytes = 300'000;
    seconds_on(TcpPair(all, 1, 0, v6(), 5001), bytes);
    seconds_on(TcpPair(all, 0, 1, v6(), 5002), bytes);
    SiteRouter& router = (*all.sites())[0];
    // Each packet has 60 or 80 bytes more than inside, and the link's header.
    EXPECT_THAT(must(router.count_sent()).bytes, AllOf(Ge(bytes * 105 / 100), Le(bytes * 130 / 100)));
    EXPECT_THAT(must(router.tunnel()->count_down()).bytes,
                AllOf(Ge(bytes * 105 / 100), Le(bytes * 130 / 100)));
}

unsigned path_mtu(const Fd& socket) {
    tcp_info info{};
    socklen_t size = sizeof(info);
    if (::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
    return info.tcpi_pmtu;
}

// With both families, too: each end of the tunnel must have an address of each to say it from.
TEST_P(SiteTunnelTest, PacketsOfItAreSmaller) {
    for (const bool both : {false, true}) {
        FabricOptions options = with_site(v6(), with_vpn());
        if (both) options.ipv4 = options.ipv6 = true;
        Fabric all = must(Fabric::build(options, names(site_collaborators)));
        const TcpPair up(all, 1, 0, v6(), 5001), down(all, 0, 1, v6(), 5002);
        seconds_on(up, 300'000);
        EXPECT_EQ(path_mtu(up.client), 1420U) << "the site's router has said so";
        seconds_on(down, 300'000);
        EXPECT_EQ(path_mtu(down.client), 1420U) << "the gate has said so";
    }
}

TEST_P(SiteTunnelTest, ANatSeesTheTunnelAlone) {
    if (v6()) GTEST_SKIP() << "IPv6 is not translated";
    Fabric all = fabric(with_vpn(Nat::symmetric));
    const TcpPair connection(all, 1, 0, false);
    sockaddr_in seen{};
    socklen_t size = sizeof(seen);
    ::getpeername(connection.server.get(), reinterpret_cast<sockaddr*>(&seen), &size);
    EXPECT_EQ(IpAddress(boost::asio::ip::address_v4(ntohl(seen.sin_addr.s_addr))),
              all.node(1).addresses.front());
    EXPECT_TRUE(UdpProbe(all, 0, 1, false).passes()) << "from outside, too";
    must((*all.sites())[0].forget_flows(Rebirth::address));
    EXPECT_TRUE(connection.speaks()) << "its gate answers where the site speaks from";
}

TEST_P(SiteTunnelTest, ANodeThatComesBackUnderAnotherAddressIsReached) {
    Fabric all = fabric(with_vpn());
    must(all.unplug(1));
    must(all.plug(1, {.new_address = true}));
    EXPECT_TRUE(UdpProbe(all, 1, 0, v6()).passes());
    EXPECT_TRUE(UdpProbe(all, 0, 1, v6()).passes());
}

FaultPlan tunnel_cut() {
    FaultPlan plan;
    plan.nodes = {1, 2};
    plan.action = Wait{};
    plan.filter.outside = true;
    plan.site = SiteChange{};
    plan.site->cuts_tunnel = true;
    return plan;
}

TEST_P(SiteTunnelTest, WhileItCarriesNothingTheSiteIsAlone) {
    FaultScene at = scene(tunnel_cut(), with_vpn());
    const TcpPair kept(at.fabric, 1, 0, v6(), 5001);
    ASSERT_TRUE(kept.speaks());
    must(at.fault().fire());
    EXPECT_FALSE(UdpProbe(at.fabric, 1, 0, v6()).passes());
    EXPECT_FALSE(UdpProbe(at.fabric, 0, 2, v6()).passes());
    EXPECT_TRUE(UdpProbe(at.fabric, 1, 2, v6()).passes()) << "it stays in the site";
    EXPECT_TRUE(UdpProbe(at.fabric, 0, 3, v6()).passes()) << "it is no site's";
    must(at.fault().heal());
    EXPECT_TRUE(kept.speaks());
    const auto lost = must((*at.fabric.sites())[0].tunnel()->count_lost());
    EXPECT_GE(lost.up, 1U);
    EXPECT_GE(lost.down, 1U);
    const auto losses = must(at.fault().losses());
    EXPECT_GE(losses.at(1).up, 1U) << "packets that met it";
}

TEST_P(SiteTunnelTest, OfTwoFaultsThatAreOnTogetherTheLastEndsIt) {
    FaultScene at(with_site(v6(), with_vpn()), {tunnel_cut(), tunnel_cut()}, site_collaborators);
    const auto passes = [&] { return UdpProbe(at.fabric, 1, 0, v6()).passes(); };
    must(at.fault(0).fire());
    must(at.fault(1).fire());
    must(at.fault(0).heal());
    EXPECT_FALSE(passes()) << "the second is on";
    must(at.fault(0).fire());
    must(at.fault(1).heal());
    EXPECT_FALSE(passes()) << "the first is on again";
    must(at.fault(0).heal());
    EXPECT_TRUE(passes());
}

TEST_P(SiteTunnelTest, TheMomentIsExactAtTheNodesPort) {
    FaultPlan plan;
    plan.nodes = {1};
    WireMoment moment;
    moment.kind = WireMoment::Kind::sent_packets;
    moment.amount = 7;
    plan.trigger = WireTrigger{moment, 1, 0};
    FaultScene at = scene(plan, with_vpn());
    const Datagrams watched(at.fabric, 1, 0, v6());
    must(at.fault().arm());
    for (int i = 0; i < 20; ++i) watched.send();
    EXPECT_EQ(watched.arrived(7), 7U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
