// SPDX-License-Identifier: Apache-2.0
//
// What the outside sees of nodes behind NAT, and what a site's router lets in, forgets and learns again.
#include <gmock/gmock.h>

#include "kernel/site_scene.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Ge;
using testing::Le;

class SiteFirewallTest : public SiteTest {};
INSTANTIATE_TEST_SUITE_P(Ip, SiteFirewallTest, each_ip(), ip_name);

struct Seen {
    std::string address;
    std::uint16_t own_port = 0, seen_port = 0;
};

Seen seen_of(Fabric& all, std::size_t from, std::uint16_t port) {
    const TcpPair connection(all, from, 0, false, port);
    sockaddr_in own{}, seen{};
    socklen_t size = sizeof(own);
    ::getsockname(connection.client.get(), reinterpret_cast<sockaddr*>(&own), &size);
    size = sizeof(seen);
    ::getpeername(connection.server.get(), reinterpret_cast<sockaddr*>(&seen), &size);
    EXPECT_TRUE(connection.speaks());
    return {boost::asio::ip::address_v4(ntohl(seen.sin_addr.s_addr)).to_string(), ntohs(own.sin_port),
            ntohs(seen.sin_port)};
}

TEST(SiteNat, AHomeRouterHasOneAddressAndKeepsPorts) {
    NETCUT_NEEDS_ROOT();
    Fabric all = must(Fabric::build(with_site(false, behind(Nat::home)), names(site_collaborators)));
    for (const std::size_t node : {1, 2}) {
        const Seen seen = seen_of(all, node, 5001);
        EXPECT_EQ(seen.address, "198.19.0.0");
        EXPECT_EQ(seen.seen_port, seen.own_port);
    }
    EXPECT_NE(seen_of(all, 3, 5001).address, "198.19.0.0") << "is in no site";
    EXPECT_FALSE(UdpProbe(all, 0, 1, false).passes()) << "nobody opens anything from outside";
    EXPECT_TRUE(UdpProbe(all, 2, 1, false).passes()) << "it stays in the site";
}

TEST(SiteNat, ASymmetricOneHasAnotherPortForEachFlow) {
    NETCUT_NEEDS_ROOT();
    Fabric all = must(Fabric::build(with_site(false, behind(Nat::symmetric)), names(site_collaborators)));
    unsigned same = 0;
    for (std::uint16_t port = 5001; port < 5009; ++port) {
        const Seen seen = seen_of(all, 1, port);
        same += seen.own_port == seen.seen_port ? 1 : 0;
    }
    EXPECT_LE(same, 1U);
}

TEST(SiteNat, ACarriersHasABlockOfPorts) {
    NETCUT_NEEDS_ROOT();
    Fabric all = must(Fabric::build(with_site(false, behind(Nat::cgnat)), names(site_collaborators)));
    std::set<std::string> addresses;
    for (std::uint16_t port = 5001; port < 5009; ++port) {
        const Seen seen = seen_of(all, 1, port);
        EXPECT_THAT(seen.seen_port, AllOf(Ge(10240), Le(11263)));
        addresses.insert(seen.address);
    }
    EXPECT_EQ(addresses.size(), 1U) << "those of a node are paired";
}

// --- what is forgotten ---

TEST_P(SiteFirewallTest, AFirewallLetsNothingInThatWasNotAskedFor) {
    Fabric all = fabric({.name = {}, .outbound_only = true});
    EXPECT_TRUE(UdpProbe(all, 1, 0, v6()).passes());
    EXPECT_FALSE(UdpProbe(all, 0, 1, v6()).passes());
    EXPECT_TRUE(TcpPair(all, 1, 0, v6()).speaks());
    EXPECT_GE(must((*all.sites())[0].count_unknown()).down, 1U);
}

TEST_P(SiteFirewallTest, AFlowThatIsSilentIsForgotten) {
    Fabric all = fabric({.name = {}, .outbound_only = true, .idle = 1s});
    const TcpPair silent(all, 1, 0, v6(), 5001), speaking(all, 2, 0, v6(), 5002);
    for (int i = 0; i < 5; ++i) {
        std::this_thread::sleep_for(500ms);
        ASSERT_TRUE(speaking.speaks());
    }
    const timeval patience{0, 700'000};
    ::setsockopt(silent.client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ASSERT_EQ(::send(silent.server.get(), "a", 1, 0), 1);
    EXPECT_FALSE(is_told_of(silent.client, "a"));
    ::setsockopt(silent.server.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ASSERT_EQ(::send(silent.client.get(), "b", 1, 0), 1);
    EXPECT_FALSE(is_told_of(silent.server, "b"));
    const auto unknown = must((*all.sites())[0].count_unknown());
    EXPECT_GE(unknown.up, 1U);
    EXPECT_GE(unknown.down, 1U);
    EXPECT_TRUE(TcpPair(all, 1, 0, v6(), 5003).speaks()) << "a new one is let through";
}

struct UdpFlow {
    Fd node, peer;
    Endpoint target;
    UdpFlow(Fabric& all, bool v6)
        : node(open_socket(all.node(1), SOCK_DGRAM, v6)),
          peer(open_socket(all.node(0), SOCK_DGRAM, v6)),
          target(UdpProbe::address(all, 0, v6), 6000) {
        if (::bind(peer.get(), target.get(), target.size) != 0) throw std::runtime_error("bind");
    }
    // As the peer sees it: address and port.
    std::string source() const {
        if (::sendto(node.get(), "x", 1, 0, target.get(), target.size) != 1) return "unsent";
        sockaddr_in from{};
        socklen_t size = sizeof(from);
        char byte = 0;
        if (::recvfrom(peer.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), &size) != 1)
            return "lost";
        return boost::asio::ip::address_v4(ntohl(from.sin_addr.s_addr)).to_string() + ":" +
               std::to_string(ntohs(from.sin_port));
    }
};

TEST(SiteNat, WhatIsForgottenComesBackFromAnotherPortOrAddress) {
    NETCUT_NEEDS_ROOT();
    for (const Nat nat : {Nat::home, Nat::cgnat, Nat::symmetric}) {
        Fabric all = must(Fabric::build(with_site(false, behind(nat)), names(site_collaborators)));
        SiteRouter& router = (*all.sites())[0];
        const UdpFlow flow(all, false);
        std::string before = flow.source();
        EXPECT_EQ(flow.source(), before);
        for (int again = 0; again < 3; ++again) {
            must(router.forget_flows(Rebirth::port));
            const std::string after = flow.source();
            EXPECT_NE(after, before);
            EXPECT_EQ(flow.source(), after);
            before = after;
        }
        const std::string address = before.substr(0, before.find(':'));
        must(router.forget_flows(Rebirth::address));
        EXPECT_NE(flow.source().substr(0, address.size() + 1), address + ":");
    }
}

TEST(SiteNat, AConnectionWhoseMappingIsForgottenIsReset) {
    NETCUT_NEEDS_ROOT();
    Fabric all = must(Fabric::build(with_site(false, behind(Nat::home)), names(site_collaborators)));
    const TcpPair same(all, 1, 0, false, 5001);
    must((*all.sites())[0].forget_flows(Rebirth::same));
    EXPECT_TRUE(same.speaks()) << "the node's next packet makes the same mapping";
    must((*all.sites())[0].forget_flows(Rebirth::port));
    ASSERT_EQ(::send(same.client.get(), "x", 1, MSG_NOSIGNAL), 1);
    char byte = 0;
    EXPECT_LT(::recv(same.client.get(), &byte, 1, 0), 0);
    EXPECT_EQ(errno, ECONNRESET) << "the server does not know the new one";
}

TEST(SiteNat, WhoOpenedAFlowIsKnownWhenItIsForgotten) {
    NETCUT_NEEDS_ROOT();
    SiteSpec site = behind(Nat::symmetric);
    site.idle = 1s;
    Fabric all = must(Fabric::build(with_site(false, site), names(site_collaborators)));
    SiteRouter& router = (*all.sites())[0];
    const TcpPair connection(all, 2, 0, false, 5001);
    const UdpFlow datagrams(all, false);
    const std::string source = datagrams.source();
    sockaddr_in seen{};
    socklen_t size = sizeof(seen);
    ::getpeername(connection.server.get(), reinterpret_cast<sockaddr*>(&seen), &size);
    const auto deadline = Clock::now() + 20s;
    while (!must(router.flows()).empty() && Clock::now() < deadline) std::this_thread::sleep_for(100ms);
    must(router.learn_flows());
    const IpAddress public_one = router.public_addresses().front(), server = all.node(0).addresses.front();
    const auto* opener = router.opener_of(IPPROTO_TCP, {public_one, ntohs(seen.sin_port)}, {server, 5001});
    ASSERT_NE(opener, nullptr);
    EXPECT_EQ(opener->address, all.node(2).addresses.front());
    const auto port = static_cast<std::uint16_t>(std::stoi(source.substr(source.find(':') + 1)));
    opener = router.opener_of(IPPROTO_UDP, {public_one, port}, {server, 6000});
    ASSERT_NE(opener, nullptr);
    EXPECT_EQ(opener->address, all.node(1).addresses.front());
}

TEST(SiteNat, FlowsAreListedAsBothEndsSeeThem) {
    NETCUT_NEEDS_ROOT();
    Fabric all = must(Fabric::build(with_site(false, behind(Nat::symmetric)), names(site_collaborators)));
    const TcpPair connection(all, 1, 0, false, 5001);
    sockaddr_in seen{};
    socklen_t size = sizeof(seen);
    ::getpeername(connection.server.get(), reinterpret_cast<sockaddr*>(&seen), &size);
    const auto flows = must((*all.sites())[0].flows());
    ASSERT_EQ(flows.size(), 1U);
    EXPECT_EQ(flows[0].opener, all.node(1).addresses.front());
    EXPECT_EQ(flows[0].other, all.node(0).addresses.front());
    EXPECT_EQ(flows[0].other_port, 5001);
    EXPECT_EQ(flows[0].seen.to_string(), "198.19.0.0");
    EXPECT_EQ(flows[0].seen_port, ntohs(seen.sin_port));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
