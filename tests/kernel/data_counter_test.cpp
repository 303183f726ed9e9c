// SPDX-License-Identifier: Apache-2.0
//
// What passes at each port is counted, for every node, whether a fault is about it or not.
#include <linux/netlink.h>

#include "fault/data_counters.h"
#include "fault/data_reader.h"
#include "fault/datagram_counters.h"
#include "fault/plan.h"
#include "kernel/fault_scene.h"
#include "kernel/netlink.h"
#include "kernel/sockdiag.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

class DataCounterTest : public EachFabricTest {};
INSTANTIATE_TEST_SUITE_P(DataCounters, DataCounterTest, each_fabric(), fabric_name);

FaultPlan cut_of(std::size_t node) {
    FaultPlan plan;
    plan.nodes = {node};
    return plan;
}

// All of them, by the reader of another thread and by the table, which must agree.
std::vector<DataCounters> read(FaultScene& scene) {
    DataReader reader = must(DataReader::open(scene.fabric));
    const auto all = *must(reader.read());
    EXPECT_EQ(all.size(), scene.fabric.size());
    for (std::size_t node = 0; node < all.size(); ++node) {
        const DataCounters one = must(scene.table.read_data(node));
        EXPECT_EQ(one.up.packets, all[node].up.packets);
        EXPECT_EQ(one.down.bytes, all[node].down.bytes);
        EXPECT_EQ(one.messages_up.bytes, all[node].messages_up.bytes);
    }
    return all;
}

TEST_P(DataCounterTest, EveryNodesPacketsAreCountedOnBothSides) {
    FaultScene scene(options(), {cut_of(1)}, 3);
    const Datagrams stream(scene.fabric, 2, 3, v6());
    const std::size_t headers = v6() ? 48 : 28;
    for (int i = 0; i < 10; ++i) stream.send(1000);
    ASSERT_EQ(stream.arrived(10), 10U);
    const auto counted = read(scene);
    EXPECT_EQ(counted[2].up.packets, 10U);
    EXPECT_EQ(counted[2].up.bytes, 10 * (1000 + headers));
    EXPECT_EQ(counted[3].down.packets, 10U);
    EXPECT_EQ(counted[2].down.packets + counted[3].up.packets, 0U);
    EXPECT_EQ(counted[0].up.packets + counted[0].down.packets, 0U);
    EXPECT_EQ(counted[1].up.packets + counted[1].down.packets, 0U);
}

TEST_P(DataCounterTest, DatagramsOfAFlowAreCountedBeforeAndBehindTheFaults) {
    FaultScene scene(options(), {cut_of(1)});
    const Datagrams stream(scene.fabric, 1, 0, v6());
    for (int i = 0; i < 3; ++i) stream.send(100);
    ASSERT_EQ(stream.arrived(3), 3U);
    must(scene.fault().fire());
    for (int i = 0; i < 2; ++i) stream.send(100);
    EXPECT_EQ(stream.arrived(1), 0U);
    const DatagramCounts counts = must(scene.table.read_datagrams());
    ASSERT_EQ(counts.size(), 1U);
    const auto& [way, count] = *counts.begin();
    EXPECT_EQ(std::get<0>(way), UdpProbe::address(scene.fabric, 1, v6()));
    EXPECT_EQ(std::get<2>(way), UdpProbe::address(scene.fabric, 0, v6()));
    EXPECT_EQ(count.came, 5U);
    EXPECT_EQ(count.passed, 3U);
    NetlinkSocket diag = must(NetlinkSocket::open(NETLINK_SOCK_DIAG, &scene.fabric.node(0).ns));
    EXPECT_TRUE(must(list_udp_ports(diag)).contains(std::get<3>(way)));
    EXPECT_FALSE(must(list_udp_ports(diag)).contains(std::get<1>(way)));
}

TEST_P(DataCounterTest, WhatPassesBetweenTwoReadingsIsInTheSecond) {
    FaultScene scene(options(), {}, 3);
    DataReader reader = must(DataReader::open(scene.fabric));
    const Datagrams one(scene.fabric, 2, 3, v6()), other(scene.fabric, 3, 1, v6());
    EXPECT_EQ((*must(reader.read()))[2].up.packets, 0U);
    for (std::uint64_t i = 1; i <= 5; ++i) {
        const Datagrams& stream = i % 2 == 1 ? one : other;
        stream.send(300);
        ASSERT_EQ(stream.arrived(1), 1U);
        EXPECT_EQ(must(reader.read(2)).up.packets, (i + 1) / 2);
        const auto& all = *must(reader.read());
        EXPECT_EQ(all[2].up.packets, (i + 1) / 2);
        EXPECT_EQ(all[3].up.packets, i / 2);
        EXPECT_EQ((*must(reader.read()))[1].down.packets, i / 2) << "nothing has passed since";
    }
}

TEST_P(DataCounterTest, WithoutFaultsToo) {
    FaultScene scene(options(), {});
    const Datagrams stream(scene.fabric, 1, 0, v6());
    stream.send(500);
    ASSERT_EQ(stream.arrived(1), 1U);
    EXPECT_EQ(read(scene)[1].up.packets, 1U);
    EXPECT_EQ(read(scene)[0].down.packets, 1U);
}

TEST_P(DataCounterTest, WhatIsLostHasNotPassed) {
    FaultScene scene(options(), {cut_of(1)});
    const Datagrams stream(scene.fabric, 1, 0, v6());
    stream.send(500);
    ASSERT_EQ(stream.arrived(1), 1U);
    must(scene.fault().fire());
    for (int i = 0; i < 5; ++i) stream.send(500);
    EXPECT_EQ(stream.arrived(0), 0U);
    EXPECT_EQ(read(scene)[1].up.packets, 1U);
}

TEST_P(DataCounterTest, TcpPayloadsOfMoreThan72BytesAreMessages) {
    FaultScene scene(options(), {cut_of(1)});
    const TcpPair connection(scene.fabric, 1, 0, v6());
    const std::string bytes(2000, 'x');
    std::array<char, 2000> taken;
    for (const std::size_t size : {1U, 65U, 72U, 73U, 1000U}) {
        ASSERT_EQ(::send(connection.client.get(), bytes.data(), size, 0), static_cast<ssize_t>(size));
        ASSERT_EQ(::recv(connection.server.get(), taken.data(), size, MSG_WAITALL),
                  static_cast<ssize_t>(size));
    }
    const auto counted = read(scene);
    EXPECT_EQ(counted[1].up.packets, 5U);
    EXPECT_EQ(counted[1].messages_up.packets, 2U);
    EXPECT_EQ(counted[0].messages_down.packets, 2U);
    EXPECT_EQ(counted[1].down.packets, 0U) << "bare acknowledgements are no data";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
