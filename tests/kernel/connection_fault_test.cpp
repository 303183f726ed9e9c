// SPDX-License-Identifier: Apache-2.0
//
// Faults of one TCP connection among several, on both fabrics and with both versions of IP.
#include "fault/plan.h"
#include "kernel/fault_scene.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

class ConnectionFaultTest : public EachFabricTest {};

INSTANTIATE_TEST_SUITE_P(Faults, ConnectionFaultTest, each_fabric(), fabric_name);

TEST_P(ConnectionFaultTest, ConnectionsAreKnownInTheOrderInWhichTheyWereOpened) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.orders_connections = true;
    FaultScene at(options(), {plan});
    std::vector<TcpPair> pairs;
    for (const std::uint16_t port : {5003, 5001, 5002, 5004}) {
        const bool from_outside = port == 5002;
        pairs.emplace_back(at.fabric, from_outside ? 0 : 1, from_outside ? 1 : 0, v6(), port);
        EXPECT_TRUE(pairs.back().speaks());
        std::this_thread::sleep_for(20ms);  // the kernel tells ages in ticks
    }
    const auto connections = must(at.table.connections(0));
    ASSERT_EQ(connections.size(), 4U);
    for (const auto& [number, port] : {std::pair(0, 5003), std::pair(1, 5001), std::pair(3, 5004)})
        EXPECT_EQ(connections[static_cast<std::size_t>(number)].other_port, port);
    EXPECT_EQ(connections[2].own_port, 5002);
    EXPECT_EQ(connections[2].own, UdpProbe::address(at.fabric, 1, v6()));
}

TEST_P(ConnectionFaultTest, OneConnectionIsLostAndTheOthersSpeak) {
    for (const auto& [which, port, dying] :
         {std::tuple(1, 0, 0), std::tuple(2, 0, 1), std::tuple(-1, 0, 2), std::tuple(1, 5003, 2)}) {
        FaultPlan plan;
        plan.nodes = {1};
        plan.orders_connections = true;
        plan.filter.only = PacketFilter::Connections::established;
        plan.filter.one_connection = which;
        if (port != 0) plan.filter.port = static_cast<std::uint16_t>(port);
        FaultScene at(options(), {plan});
        std::vector<TcpPair> pairs;
        { const TcpPair ended(at.fabric, 1, 0, v6(), 5009); }  // it was the oldest, and is no more
        for (const std::uint16_t number : {5001, 5002, 5003}) {
            pairs.emplace_back(at.fabric, 1, 0, v6(), number);
            std::this_thread::sleep_for(20ms);  // the kernel tells ages in ticks
        }
        must(at.fault().fire());
        const TcpPair fresh(at.fabric, 1, 0, v6(), 5004);
        EXPECT_TRUE(fresh.speaks());
        for (int i = 0; i < 3; ++i) {
            if (i == dying) continue;
            EXPECT_TRUE(pairs[static_cast<std::size_t>(i)].speaks()) << which << ' ' << i;
        }
        const TcpPair& dead = pairs[static_cast<std::size_t>(dying)];
        char byte = 0;
        ASSERT_EQ(::send(dead.client.get(), "p", 1, MSG_NOSIGNAL), 1);
        std::this_thread::sleep_for(50ms);
        EXPECT_EQ(::recv(dead.server.get(), &byte, 1, MSG_DONTWAIT), -1) << which;
        must(at.fault().heal());
        EXPECT_EQ(::recv(dead.server.get(), &byte, 1, 0), 1) << "TCP resends what was lost";
        EXPECT_GE(must(at.fault().losses()).at(1).up, 1U);
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
