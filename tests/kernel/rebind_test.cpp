// SPDX-License-Identifier: Apache-2.0
//
// Flows of UDP that have another port at their peer: what real receivers take, and whom they answer.
#include <linux/udp.h>

#include "base/error.h"
#include "base/io.h"
#include "fault/datagram_counters.h"
#include "fault/losses.h"
#include "fault/plan.h"
#include "kernel/address.h"
#include "kernel/fault_scene.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t flip = 1024, node_port = 46001, turned = node_port ^ flip, peer_port = 6000;

FaultPlan rebinding(std::uint16_t bits = flip) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.action = Rebind{bits};
    return plan;
}

// Sockets of the node and of its peer, which is not connected: it sees from where it is spoken to.
class RebindTest : public EachFabricTest {
  protected:
    Fd bound(FaultScene& at, std::size_t node, std::uint16_t port) const {
        Fd fd = open_socket(at.fabric.node(node), SOCK_DGRAM, v6());
        const Endpoint own = end(at, node, port);
        if (::bind(fd.get(), own.get(), own.size) != 0) throw std::runtime_error("bind");
        return fd;
    }
    Endpoint end(FaultScene& at, std::size_t node, std::uint16_t port) const {
        return Endpoint(UdpProbe::address(at.fabric, node, v6()), port);
    }
    static bool send(const Fd& from, const Endpoint& to, std::size_t bytes = 1) {
        const std::string payload(bytes, 'x');
        return ::sendto(from.get(), payload.data(), bytes, 0, to.get(), to.size) ==
               static_cast<ssize_t>(bytes);
    }
    // The port that it came from; 0: nothing came.
    static std::uint16_t source_of(const Fd& fd, std::size_t bytes = 1) {
        std::vector<char> payload(bytes + 1);
        sockaddr_storage from{};
        socklen_t size = sizeof(from);
        const ssize_t size_read = ::recvfrom(fd.get(), payload.data(), payload.size(), 0,
                                             reinterpret_cast<sockaddr*>(&from), &size);
        if (size_read != static_cast<ssize_t>(bytes)) return 0;
        EXPECT_TRUE(std::all_of(payload.begin(), payload.end() - 1, [](char byte) { return byte == 'x'; }))
            << "nothing but the port has changed";
        return ntohs(from.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&from)->sin6_port
                                                : reinterpret_cast<sockaddr_in*>(&from)->sin_port);
    }
};
INSTANTIATE_TEST_SUITE_P(Fabrics, RebindTest, each_fabric(), fabric_name);

TEST_P(RebindTest, APeerSeesAnotherPortAndItsAnswersFindTheNode) {
    FaultScene at(options(), {rebinding()});
    const Fd node = bound(at, 1, node_port), peer = bound(at, 0, peer_port);
    const Endpoint to_peer = end(at, 0, peer_port), to_old = end(at, 1, node_port),
                   to_new = end(at, 1, turned);
    ASSERT_TRUE(send(node, to_peer));
    EXPECT_EQ(source_of(peer), node_port);
    must(at.fault().fire());
    for (const std::size_t bytes : {1, 1400, 4000}) {  // the last one in fragments
        ASSERT_TRUE(send(node, to_peer, bytes));
        EXPECT_EQ(source_of(peer, bytes), turned) << bytes;
        ASSERT_TRUE(send(peer, to_new, bytes));
        EXPECT_EQ(source_of(node, bytes), peer_port) << bytes;
    }
    ASSERT_TRUE(send(peer, to_old));
    EXPECT_EQ(source_of(node), 0) << "nothing maps the old port any more";
    const Losses during = must(at.fault().losses()).at(1);
    EXPECT_EQ(during.up, 0U);
    EXPECT_EQ(during.down, 1U);
    EXPECT_GE(during.rebound->up, 3U);
    EXPECT_GE(during.rebound->down, 3U);
    must(at.fault().heal());
    ASSERT_TRUE(send(node, to_peer));
    EXPECT_EQ(source_of(peer), node_port) << "healed";
    ASSERT_TRUE(send(peer, to_old));
    EXPECT_EQ(source_of(node), peer_port);
    EXPECT_EQ(must(at.fault().losses()).at(1).rebound->up, during.rebound->up);
}

TEST_P(RebindTest, FlowsThatOthersHaveOpenedAndTcpKeepTheirPorts) {
    FaultScene at(options(), {rebinding()});
    const Fd node = bound(at, 1, node_port), peer = bound(at, 0, peer_port);
    ASSERT_TRUE(send(peer, end(at, 1, node_port)));
    EXPECT_EQ(source_of(node), peer_port);
    const TcpPair connection(at.fabric, 1, 0, v6());
    must(at.fault().fire());
    ASSERT_TRUE(send(node, end(at, 0, peer_port)));
    EXPECT_EQ(source_of(peer), node_port);
    ASSERT_TRUE(send(peer, end(at, 1, node_port)));
    EXPECT_EQ(source_of(node), peer_port);
    EXPECT_TRUE(connection.speaks());
    EXPECT_EQ(must(at.fault().losses()).at(1).met(), 0U);
}

TEST_P(RebindTest, FiltersChooseFlowsByPeerAndPort) {
    FaultPlan of_peer = rebinding(), of_port = rebinding();
    of_peer.filter.peers = {2};
    of_port.filter.port = peer_port + 1;
    FaultScene at(options(), {of_peer, of_port});
    const Fd node = bound(at, 1, node_port), first = bound(at, 0, peer_port),
             second = bound(at, 2, peer_port), other_port = bound(at, 0, peer_port + 1);
    for (std::size_t number : {0, 1}) must(at.fault(number).fire());
    for (const auto& [to, port, fd, seen] :
         {std::tuple(0, 0, &first, node_port), std::tuple(2, 0, &second, turned),
          std::tuple(0, 1, &other_port, turned)}) {
        const auto number = static_cast<std::uint16_t>(peer_port + port);
        ASSERT_TRUE(send(node, end(at, static_cast<std::size_t>(to), number)));
        EXPECT_EQ(source_of(*fd), seen) << to << ' ' << port;
        ASSERT_TRUE(send(*fd, end(at, 1, seen)));
        EXPECT_EQ(source_of(node), number);
    }
}

TEST_P(RebindTest, TwoAtOnceAreUndoneInTheirOrder) {
    FaultScene at(options(), {rebinding(1024), rebinding(64)});
    const Fd node = bound(at, 1, node_port), peer = bound(at, 0, peer_port);
    const auto expect_port = [&](std::uint16_t port) {
        ASSERT_TRUE(send(node, end(at, 0, peer_port)));
        EXPECT_EQ(source_of(peer), port);
        ASSERT_TRUE(send(peer, end(at, 1, port)));
        EXPECT_EQ(source_of(node), peer_port);
    };
    expect_port(node_port);
    must(at.fault(0).fire());
    expect_port(node_port ^ 1024);
    must(at.fault(1).fire());
    expect_port(node_port ^ 1024 ^ 64);
    must(at.fault(0).heal());
    expect_port(node_port ^ 64);
}

TEST_P(RebindTest, WhatIsCountedIsTheFlowAsItsNodeSeesIt) {
    FaultScene at(options(), {rebinding()});
    const Fd node = bound(at, 1, node_port), peer = bound(at, 0, peer_port);
    must(at.fault().fire());
    ASSERT_TRUE(send(node, end(at, 0, peer_port)));
    ASSERT_EQ(source_of(peer), turned);
    ASSERT_TRUE(send(peer, end(at, 1, turned)));
    ASSERT_EQ(source_of(node), peer_port);
    const IpAddress own = UdpProbe::address(at.fabric, 1, v6()),
                    other = UdpProbe::address(at.fabric, 0, v6());
    const DatagramCounts counts = must(at.table.read_datagrams());
    ASSERT_EQ(counts.size(), 2U);
    for (const DatagramWay& way :
         {DatagramWay{own, node_port, other, peer_port}, DatagramWay{other, peer_port, own, node_port}}) {
        ASSERT_TRUE(counts.contains(way));
        EXPECT_EQ(counts.at(way).came, 1U);
        EXPECT_EQ(counts.at(way).passed, 1U);
        EXPECT_EQ(counts.at(way).rebound, 1U);
    }
}

TEST_P(RebindTest, ChecksumsAreRightHoweverTheSenderLeavesThem) {
    FaultScene at(options(), {rebinding()});
    const Fd node = bound(at, 1, node_port), peer = bound(at, 0, peer_port);
    must(at.fault().fire());
    if (!v6()) {  // RFC 8200, 8.1: IPv6 has none without
        const int on = 1;
        ASSERT_EQ(::setsockopt(node.get(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)), 0);
        ASSERT_TRUE(send(node, end(at, 0, peer_port)));
        EXPECT_EQ(source_of(peer), turned) << "without a checksum";
        const int off = 0;
        ASSERT_EQ(::setsockopt(node.get(), SOL_SOCKET, SO_NO_CHECK, &off, sizeof(off)), 0);
    }
    const int segment = 500;  // one send, four datagrams
    ASSERT_EQ(::setsockopt(node.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
    ASSERT_TRUE(send(node, end(at, 0, peer_port), 2000));
    for (int i = 0; i < 4; ++i) EXPECT_EQ(source_of(peer, 500), turned) << i;
}

TEST_P(RebindTest, ItIsNotAddedToARunUnderWay) {
    FaultScene at(options(), {});
    const auto added = at.table.add(at.fabric, rebinding());
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().kind, Error::Kind::usage);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
