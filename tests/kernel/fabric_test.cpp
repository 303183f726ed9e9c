// SPDX-License-Identifier: Apache-2.0
#include "fabric/fabric.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <linux/netlink.h>

#include <set>

#include "base/error.h"
#include "base/io.h"
#include "fabric/addresses.h"
#include "fabric/options.h"
#include "kernel/each_fabric.h"
#include "kernel/links.h"
#include "kernel/links_read.h"
#include "kernel/netlink.h"
#include "kernel/sockdiag.h"
#include "link/rate.h"

namespace netcut::test::NETCUT_FILE {
namespace {

class FabricTest : public EachFabricTest {};

INSTANTIATE_TEST_SUITE_P(Kinds, FabricTest, each_fabric(), fabric_name);

TEST_P(FabricTest, EveryNodeReachesEveryOtherWithTheFirstDatagram) {
    Fabric fabric = must(Fabric::build(options(), names(3)));
    for (std::size_t from = 0; from < fabric.size(); ++from)
        for (std::size_t to = 0; to < fabric.size(); ++to) {
            if (from == to) continue;
            EXPECT_TRUE(UdpProbe(fabric, from, to, v6()).passes()) << from << " -> " << to;
        }
}

// Over IPv4 it is the router that says so, within a round trip. Over IPv6 the kernel forgot what the router said.
TEST_P(FabricTest, WhatLeadsNowhereIsUnreachableAtOnceOverIp6) {
    if (!v6()) GTEST_SKIP() << "of IPv6";
    Fabric fabric = must(Fabric::build(options(), names(2)));
    must(fabric.node(1).ns.run([]() -> Result<void> {
        const Fd fd(::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        sockaddr_in6 nowhere{};
        nowhere.sin6_family = AF_INET6;
        nowhere.sin6_port = htons(80);
        ::inet_pton(AF_INET6, "2001:db8::1", &nowhere.sin6_addr);
        EXPECT_LT(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&nowhere), sizeof(nowhere)), 0);
        EXPECT_EQ(errno, ENETUNREACH);
        return {};
    }));
}

TEST_P(FabricTest, LinkDownAtEitherEndStopsTrafficAndUpBringsItBack) {
    Fabric fabric = must(Fabric::build(options(), names(2)));
    for (const LinkEnd end : {LinkEnd::node, LinkEnd::router}) {
        UdpProbe up(fabric, 1, 0, v6());
        UdpProbe others(fabric, 2, 0, v6());
        must(fabric.set_link_state(1, end, false));
        EXPECT_FALSE(must(fabric.is_connected(1)));
        EXPECT_FALSE(up.passes());
        must(fabric.set_link_state(1, end, true));
        EXPECT_TRUE(must(fabric.is_connected(1)));
        bool back = false;  // carrier is watched lazily: up to a second
        for (int i = 0; i < 10 && !back; ++i) back = up.passes();
        EXPECT_TRUE(back);
        EXPECT_TRUE(others.passes());
    }
}

TEST_P(FabricTest, UnplugRemovesTheInterfaceAndPlugPutsItBack) {
    Fabric fabric = must(Fabric::build(options(), names(2)));
    TcpPair connection(fabric, 1, 0, v6());
    ASSERT_TRUE(connection.speaks());
    must(fabric.unplug(1));
    for (const LinkState& link : must(list_links(fabric.node(1).socket))) EXPECT_NE(link.name, "eth0");
    must(fabric.plug(1, {}));
    EXPECT_TRUE(UdpProbe(fabric, 1, 0, v6()).passes());
    EXPECT_TRUE(UdpProbe(fabric, 0, 1, v6()).passes());
    EXPECT_TRUE(connection.speaks()) << "same address: the connection lives on";
}

TEST_P(FabricTest, PlugWithNewAddressAndMacIsReachableUnderTheNewOne) {
    Fabric fabric = must(Fabric::build(options(), names(2)));
    const auto old_address = fabric.node(1).addresses.front();
    const auto old_mac = fabric.node(1).eth0.mac;
    must(fabric.unplug(1));
    must(fabric.plug(1, {.new_address = true, .new_mac = true, .announce = true}));
    EXPECT_NE(fabric.node(1).addresses.front(), old_address);
    EXPECT_NE(fabric.node(1).eth0.mac, old_mac);
    EXPECT_TRUE(UdpProbe(fabric, 0, 1, v6()).passes());
    EXPECT_TRUE(UdpProbe(fabric, 1, 2, v6()).passes());
}

TEST(Fabric, GivesNoAddressOutTwiceAndSaysWhenAllAreUsedUp) {
    NETCUT_NEEDS_ROOT();
    Fabric fabric = must(Fabric::build({}, names(1)));
    must(fabric.unplug(1));
    for (int i = 0; i < 1000; ++i) must(fabric.renumber(1, {.new_mac = true}));
    std::set<IpAddress> given(fabric.node(0).addresses.begin(), fabric.node(0).addresses.end());
    given.insert(fabric.node(1).addresses.begin(), fabric.node(1).addresses.end());
    Result<void> done;
    while ((done = fabric.renumber(1, {.new_address = true})))
        for (const IpAddress& address : fabric.node(1).addresses)
            ASSERT_TRUE(given.insert(address).second) << address.to_string() << " was given out before";
    EXPECT_EQ(fabric.node(1).addresses.front(), run_address(false, first_site_host - 1));
    EXPECT_EQ(fabric.node(1).addresses.back(), run_address(true, first_site_host - 1));
    EXPECT_THAT(done.error().text(), testing::HasSubstr("cannot give collaborator1 another address: 61435"));
    EXPECT_THAT(done.error().text(), testing::HasSubstr("let fewer faults do so, or less often"));
    must(fabric.plug(1, {}));
    EXPECT_TRUE(UdpProbe(fabric, 0, 1, true).passes());
}

TEST_P(FabricTest, ThrottledLinkTakesTheTimeThatItsRateSays) {
    for (const char* shaper : {"tbf", "htb"}) {
        FabricOptions with_rate = options();
        with_rate.rate = RateLimit{shaper, 8'000'000, std::chrono::milliseconds(200)};  // 1 MB/s
        Fabric fabric = must(Fabric::build(with_rate, names(1)));
        const double seconds = seconds_for(fabric, v6(), 500'000);
        EXPECT_GT(seconds, 0.3) << shaper;  // 0.5 s less the bucket
        EXPECT_LT(seconds, 5) << shaper;
    }
}

TEST(Fabric, SmallMtuAndSingleSegmentsAreReadBack) {
    NETCUT_NEEDS_ROOT();
    FabricOptions options;
    options.mtu = 1280;
    options.single_segments = true;
    Fabric fabric = must(Fabric::build(options, names(1)));
    bool seen = false;
    for (const LinkState& link : must(list_links(fabric.node(1).socket))) {
        if (link.name != "eth0") continue;
        seen = true;
        EXPECT_EQ(link.mtu, 1280U);
        EXPECT_EQ(link.gso_max_segs, 1U);
    }
    EXPECT_TRUE(seen);
}

TEST(Fabric, TheBridgesPortLimitIsNamed) {
    FabricOptions options;
    options.kind = FabricKind::bridge;
    const auto built = Fabric::build(options, names(max_bridge_ports));
    ASSERT_FALSE(built);
    EXPECT_EQ(built.error().kind, Error::Kind::usage);
    EXPECT_NE(built.error().text().find("1023"), std::string::npos) << built.error().text();
}

TEST(Fabric, NothingOfItIsInTheHostsNetwork) {
    NETCUT_NEEDS_ROOT();
    NetlinkSocket host = must(NetlinkSocket::open(NETLINK_ROUTE, nullptr));
    const auto names_of = [&] {
        std::vector<std::string> all;
        for (const LinkState& link : must(list_links(host))) all.push_back(link.name);
        return all;
    };
    const auto before = names_of();
    const std::string forwarding = must(read_file("/proc/sys/net/ipv4/ip_forward"));
    {
        Fabric fabric = must(Fabric::build({}, names(4)));
        EXPECT_EQ(names_of(), before);
        EXPECT_EQ(must(read_file("/proc/sys/net/ipv4/ip_forward")), forwarding);
    }
    EXPECT_EQ(names_of(), before);
}

TEST(Netlink, ErrorsNameTheAttemptAndCarryTheKernelsText) {
    NETCUT_NEEDS_ROOT();
    Fabric fabric = must(Fabric::build({}, names(1)));
    Batch batch;
    add_route(batch,
              {boost::asio::ip::make_address("10.1.2.3"), 32, 100, boost::asio::ip::make_address("9.9.9.9")});
    const auto result = fabric.router_socket().commit(batch);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().text().find("add the route to 10.1.2.3/32"), std::string::npos);
    EXPECT_NE(result.error().text().find("the kernel says: Nexthop has invalid gateway"), std::string::npos)
        << result.error().text();
}

TEST(Netlink, SocketsOfBothEndsAreSeenWithTheirState) {
    NETCUT_NEEDS_ROOT();
    Fabric fabric = must(Fabric::build({}, names(1)));
    TcpPair connection(fabric, 1, 0, false);
    NetlinkSocket diag = must(NetlinkSocket::open(NETLINK_SOCK_DIAG, &fabric.node(1).ns));
    const auto sockets = must(list_tcp_sockets(diag));
    ASSERT_EQ(sockets.size(), 1U);
    EXPECT_EQ(sockets[0].state, "ESTABLISHED");
    EXPECT_EQ(sockets[0].remote_port, 5000);
    EXPECT_EQ(sockets[0].remote, fabric.node(0).addresses.front());
}

TEST(Fabric, NodesKeepAsManyConnectionsThatOpenOrWaitToEndAsTheMachine) {
    NETCUT_NEEDS_ROOT();
    Fabric fabric = must(Fabric::build({}, names(1)));
    for (const char* limit : {"tcp_max_tw_buckets", "tcp_max_syn_backlog"}) {
        const std::string file = std::string("/proc/sys/net/ipv4/") + limit;
        std::string of_node;
        must(fabric.node(1).ns.run([&]() -> Result<void> {
            NETCUT_ASSIGN(of_node, read_file(file));
            return {};
        }));
        EXPECT_EQ(of_node, must(read_file(file))) << limit;
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
