// SPDX-License-Identifier: Apache-2.0
//
// What the router hands on is seen at once, as it leaves; and nothing that was left out.
#include "kernel/packet_tap.h"

#include <linux/netlink.h>

#include "fabric/fabric.h"
#include "fault/packet.h"
#include "fault/plan.h"
#include "kernel/fault_scene.h"

namespace netcut::test {
namespace {

class PacketTapTest : public EachFabricTest {
  protected:
    void SetUp() override { NETCUT_NEEDS_ROOT(); }
    static std::vector<PacketHeader> read(PacketTap& tap) {
        std::vector<PacketHeader> headers;
        tap.read([&](const TappedPacket& packet) {
            if (auto header = parse_packet(packet.bytes)) headers.push_back(*header);
        });
        return headers;
    }
};
INSTANTIATE_TEST_SUITE_P(EachFabric, PacketTapTest, each_fabric(), fabric_name);

TEST_P(PacketTapTest, SeesWhatLeavesFromItsBeginningOn) {
    FaultPlan cut;
    cut.nodes = {1};
    FaultScene scene(options(), {cut});
    PacketTap tap = must(PacketTap::open(scene.fabric.router()));
    TcpPair before(scene.fabric, 1, 0, v6(), 6001);
    EXPECT_TRUE(read(tap).empty());
    must(tap.begin());
    TcpPair pair(scene.fabric, 1, 0, v6(), 6002);
    const auto seen = read(tap);
    ASSERT_GE(seen.size(), 3U);  // once, not once at each port
    EXPECT_EQ(seen[0].destination_port, 6002);
    EXPECT_EQ(seen[0].tcp->flags, tcp_flag::syn);
    EXPECT_EQ(seen[1].source_port, 6002);
    EXPECT_EQ(seen[1].tcp->flags, tcp_flag::syn | tcp_flag::ack);
    must(scene.fault().fire());
    ASSERT_EQ(::send(pair.client.get(), "x", 1, 0), 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_TRUE(read(tap).empty()) << "it was lost";
    EXPECT_EQ(must(tap.missed()), 0U);
}

TEST_P(PacketTapTest, TakesNothingBetweenItsEndAndItsNextBeginning) {
    Fabric fabric = must(Fabric::build(options(), names(1)));
    PacketTap tap = must(PacketTap::open(fabric.router()));
    must(tap.begin());
    const TcpPair unread(fabric, 1, 0, v6(), 6001);
    must(tap.end());
    const TcpPair untapped(fabric, 1, 0, v6(), 6002);
    must(tap.begin());
    EXPECT_TRUE(read(tap).empty());
    const TcpPair tapped(fabric, 1, 0, v6(), 6003);
    const auto seen = read(tap);
    ASSERT_GE(seen.size(), 3U);
    EXPECT_EQ(seen[0].destination_port, 6003);
}

TEST_P(PacketTapTest, LeavesOutConnectionsByTheirPorts) {
    Fabric fabric = must(Fabric::build(options(), names(1)));
    PacketTap tap = must(PacketTap::open(fabric.router()));
    must(tap.begin());
    TcpPair one(fabric, 1, 0, v6(), 6001), other(fabric, 1, 0, v6(), 6002);
    std::vector<PacketTap::Ports> ports;
    for (const PacketHeader& header : read(tap))
        if (header.destination_port == 6001) ports.emplace_back(6001, header.source_port);
    must(tap.leave_out(ports));
    ASSERT_EQ(::send(one.client.get(), "x", 1, 0), 1);
    ASSERT_EQ(::send(other.client.get(), "x", 1, 0), 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto seen = read(tap);
    EXPECT_FALSE(seen.empty());
    for (const PacketHeader& header : seen)
        EXPECT_TRUE(header.source_port == 6002 || header.destination_port == 6002) << packet_text(header);
}

TEST_P(PacketTapTest, SeesTheSynOfAConnectionThatHasThePortsOfOneThatWasLeftOut) {
    Fabric fabric = must(Fabric::build(options(), names(1)));
    PacketTap tap = must(PacketTap::open(fabric.router()));
    must(tap.begin());
    std::vector<PacketTap::Ports> ports;
    for (std::uint16_t port = 1; port <= 140; ++port) ports.emplace_back(port, 6001);
    ports.back() = {5001, 6001};
    must(tap.leave_out(ports));
    TcpPair pair(fabric, 1, 0, v6(), 6001, 5001);
    ASSERT_EQ(::send(pair.client.get(), "x", 1, 0), 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto seen = read(tap);
    ASSERT_EQ(seen.size(), 2U) << "both SYNs, and nothing else";
    for (const PacketHeader& header : seen) EXPECT_NE(header.tcp->flags & tcp_flag::syn, 0);
}

}  // namespace
}  // namespace netcut::test
