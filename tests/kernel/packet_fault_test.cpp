// SPDX-License-Identifier: Apache-2.0
//
// What each fault that acts on packets does to real flows, on both fabrics and with both versions of IP.
#include "base/io.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fabric/options.h"
#include "fault/fault.h"
#include "fault/losses.h"
#include "fault/plan.h"
#include "kernel/answerer.h"
#include "kernel/fault_scene.h"
#include "report/terminal.h"
#include "scenario/plan.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using Connections = PacketFilter::Connections;

FaultPlan plan_of(PacketAction action) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.action = std::move(action);
    return plan;
}

// Sends until the socket tells of an error, which it returns; 0 if none comes.
int error_of(const Fd& socket, std::chrono::milliseconds patience = 2000ms) {
    const auto deadline = Clock::now() + patience;
    while (Clock::now() < deadline) {
        if (::send(socket.get(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN) return errno;
        std::this_thread::sleep_for(10ms);
    }
    return 0;
}

// An answer to the first SYN may come while connect() still holds the socket, and then it is the one to the
// second SYN, a second later, that ends it.
int connect_error(Fabric& fabric, std::size_t from, std::size_t to, bool v6, std::uint16_t port,
                  int patience_ms = 4000) {
    const Fd client = open_socket(fabric.node(from), SOCK_STREAM, v6, patience_ms);
    const Endpoint at(UdpProbe::address(fabric, to, v6), port);
    return ::connect(client.get(), at.get(), at.size) == 0 ? 0 : errno;
}

class PacketFaultTest : public EachFabricTest {
  protected:
    FaultScene scene(std::vector<FaultPlan> plans, bool segments = false) const {
        FabricOptions wanted = options();
        wanted.single_segments = segments;
        return FaultScene(wanted, std::move(plans));
    }
};

INSTANTIATE_TEST_SUITE_P(Faults, PacketFaultTest, each_fabric(), fabric_name);

TEST_P(PacketFaultTest, EachConnectionHasBytesOfItsOwnThatPassBefore) {
    FaultPlan plan = plan_of(Drop{});
    plan.filter.direction = Direction::up;
    plan.filter.beyond = 500;  // three datagrams of 128 bytes, or of 148
    FaultScene at = scene({plan}, true);
    const Datagrams one(at.fabric, 1, 0, v6(), 7001), two(at.fabric, 1, 0, v6(), 7002);
    for (int firing = 1; firing <= 2; ++firing) {
        must(at.fault().fire());
        for (int i = 0; i < 6; ++i) one.send(100);
        for (int i = 0; i < 4; ++i) two.send(100);
        EXPECT_EQ(one.arrived(3), 3U) << firing;
        EXPECT_EQ(two.arrived(3), 3U) << firing;
        must(at.fault().heal());
        EXPECT_EQ(must(at.fault().losses()).at(1).up, 4U) << firing;
    }
}

TEST_P(PacketFaultTest, APortIsLostAndOthersPass) {
    FaultPlan plan = plan_of(Drop{});
    plan.filter.port = 7001;
    FaultScene at = scene({plan});
    const Datagrams meant(at.fabric, 1, 0, v6(), 7001);
    const Datagrams other(at.fabric, 1, 0, v6(), 7002);
    const Datagrams back(at.fabric, 0, 1, v6(), 7001);
    must(at.fault().fire());
    for (int i = 0; i < 3; ++i)
        for (const Datagrams* stream : {&meant, &other, &back}) stream->send();
    EXPECT_EQ(other.arrived(3), 3U);
    EXPECT_EQ(meant.arrived(0), 0U);
    EXPECT_EQ(back.arrived(0), 0U);
    EXPECT_EQ(must(at.fault().losses()).at(1).up, 3U);
    EXPECT_EQ(must(at.fault().losses()).at(1).down, 3U);
    must(at.fault().heal());
    meant.send();
    EXPECT_EQ(meant.arrived(1), 1U);
}

TEST_P(PacketFaultTest, APeerIsCutOffAndOthersAreReached) {
    FaultPlan plan = plan_of(Drop{});
    plan.filter.peers = {0};
    FaultScene at = scene({plan});
    const Datagrams to_peer(at.fabric, 1, 0, v6(), 7001);
    const Datagrams from_peer(at.fabric, 0, 1, v6(), 7001);
    const Datagrams to_other(at.fabric, 1, 2, v6(), 7001);
    const Datagrams bystander(at.fabric, 2, 0, v6(), 7003);
    for (const Datagrams* stream : {&to_peer, &from_peer, &to_other, &bystander}) {
        stream->send();  // addresses are resolved
        ASSERT_EQ(stream->arrived(1), 1U);
    }
    must(at.fault().fire());
    for (const Datagrams* stream : {&to_peer, &from_peer, &to_other, &bystander}) stream->send();
    EXPECT_EQ(to_other.arrived(1), 1U);
    EXPECT_EQ(bystander.arrived(1), 1U);
    EXPECT_EQ(to_peer.arrived(0), 0U);
    EXPECT_EQ(from_peer.arrived(0), 0U);
    must(at.fault().heal());
    to_peer.send();
    EXPECT_EQ(to_peer.arrived(1), 1U);
}

TEST_P(PacketFaultTest, NewConnectionsAreLostAndOldOnesSpeak) {
    FaultPlan plan = plan_of(Drop{});
    plan.filter.only = Connections::fresh;
    FaultScene at = scene({plan});
    const TcpPair old(at.fabric, 1, 0, v6());
    const Datagrams datagrams(at.fabric, 1, 0, v6());
    must(at.fault().fire());
    EXPECT_TRUE(old.speaks());
    datagrams.send();
    EXPECT_EQ(datagrams.arrived(1), 1U);
    EXPECT_EQ(connect_error(at.fabric, 1, 0, v6(), 5000, 500), EINPROGRESS) << "it waits for an answer";
    must(at.fault().heal());
    EXPECT_NO_THROW(TcpPair(at.fabric, 1, 0, v6(), 5003));
}

TEST_P(PacketFaultTest, OldConnectionsAreLostAndNewOnesSpeak) {
    FaultPlan plan = plan_of(Drop{});
    plan.filter.only = Connections::established;
    FaultScene at = scene({plan});
    const TcpPair old(at.fabric, 1, 0, v6());
    ASSERT_TRUE(old.speaks());
    for (int time = 0; time < 2; ++time) {
        must(at.fault().fire());
        const TcpPair fresh(at.fabric, 1, 0, v6(), static_cast<std::uint16_t>(5001 + 10 * time));
        const TcpPair from_outside(at.fabric, 0, 1, v6(), static_cast<std::uint16_t>(5002 + 10 * time));
        EXPECT_TRUE(fresh.speaks());
        EXPECT_TRUE(from_outside.speaks());
        char byte = 0;
        ASSERT_EQ(::send(old.client.get(), "p", 1, MSG_NOSIGNAL), 1);
        std::this_thread::sleep_for(50ms);
        EXPECT_EQ(::recv(old.server.get(), &byte, 1, MSG_DONTWAIT), -1);
        must(at.fault().heal());
        EXPECT_EQ(::recv(old.server.get(), &byte, 1, 0), 1) << "TCP resends what was lost";
        must(at.fault().fire());
        ASSERT_EQ(::send(fresh.client.get(), "p", 1, MSG_NOSIGNAL), 1);
        std::this_thread::sleep_for(50ms);
        EXPECT_EQ(::recv(fresh.server.get(), &byte, 1, MSG_DONTWAIT), -1) << "it is an old one now";
        must(at.fault().heal());
        EXPECT_EQ(::recv(fresh.server.get(), &byte, 1, 0), 1);
    }
}

TEST_P(PacketFaultTest, DataIsLostAndConnectionsComeAbout) {
    FaultPlan plan = plan_of(Drop{});
    plan.filter.only = Connections::data;
    FaultScene at = scene({plan});
    must(at.fault().fire());
    const TcpPair connection(at.fabric, 1, 0, v6());  // its three segments are no data
    ASSERT_EQ(::send(connection.client.get(), "p", 1, MSG_NOSIGNAL), 1);
    std::this_thread::sleep_for(50ms);
    char byte = 0;
    EXPECT_EQ(::recv(connection.server.get(), &byte, 1, MSG_DONTWAIT), -1);
    EXPECT_GE(must(at.fault().losses()).at(1).up, 1U);
    must(at.fault().heal());
    EXPECT_EQ(::recv(connection.server.get(), &byte, 1, 0), 1);
}

TEST_P(PacketFaultTest, ResetEndsConnectionsAtBothEnds) {
    FaultScene at = scene({plan_of(ResetConnection{})});
    const Answerer answerer(at);
    const TcpPair first(at.fabric, 1, 0, v6());
    const TcpPair second(at.fabric, 1, 0, v6(), 5001);
    const TcpPair others(at.fabric, 2, 0, v6(), 5002);
    const Datagrams datagrams(at.fabric, 1, 0, v6());
    must(at.fault().fire());
    EXPECT_EQ(error_of(first.client), ECONNRESET);
    EXPECT_EQ(error_of(second.server), ECONNRESET);
    EXPECT_TRUE(others.speaks());
    datagrams.send();
    EXPECT_EQ(datagrams.arrived(1), 1U) << "what is not TCP passes";
    EXPECT_EQ(connect_error(at.fabric, 1, 0, v6(), 5000), ECONNREFUSED);
    const Losses losses = must(at.fault().losses()).at(1);
    EXPECT_GE(losses.up, 2U);
    EXPECT_GE(losses.down, 1U);
    must(at.fault().heal());
    EXPECT_NO_THROW(TcpPair(at.fabric, 1, 0, v6(), 5003));
}

TEST_P(PacketFaultTest, ResetOfOneDirectionTellsOneEndOnly) {
    FaultPlan plan = plan_of(ResetConnection{});
    plan.filter.direction = Direction::up;
    FaultScene at = scene({plan});
    const Answerer answerer(at);
    const TcpPair connection(at.fabric, 1, 0, v6());
    must(at.fault().fire());
    EXPECT_EQ(error_of(connection.client), ECONNRESET);
    char byte = 0;
    EXPECT_EQ(::recv(connection.server.get(), &byte, 1, MSG_DONTWAIT), -1);
    EXPECT_EQ(errno, EAGAIN) << "the other end knows of nothing";
}

TEST_P(PacketFaultTest, RejectAnswersWithTheCodeThatWasChosen) {
    for (const auto& [code, v4_error, v6_error] :
         {std::tuple(UnreachableCode::port_unreachable, ECONNREFUSED, ECONNREFUSED),
          std::tuple(UnreachableCode::host_unreachable, EHOSTUNREACH, EHOSTUNREACH),
          std::tuple(UnreachableCode::no_route, ENETUNREACH, ENETUNREACH),
          std::tuple(UnreachableCode::admin_prohibited, EHOSTUNREACH, EACCES)}) {
        FaultScene at = scene({plan_of(Refuse{code})});
        const Answerer answerer(at);
        must(at.fault().fire());
        EXPECT_EQ(connect_error(at.fabric, 1, 0, v6(), 5000), v6() ? v6_error : v4_error);
        const Datagrams others(at.fabric, 2, 0, v6());
        others.send();
        EXPECT_EQ(others.arrived(1), 1U);
        must(at.fault().heal());
        EXPECT_NO_THROW(TcpPair(at.fabric, 1, 0, v6(), 5003));
    }
}

TEST_P(PacketFaultTest, APartitionSeparatesGroups) {
    for (const bool one_way : {false, true}) {
        FaultPlan plan = plan_of(Drop{});
        plan.nodes = {0, 1, 2};
        plan.pairs = {{0, 1}, {2, 1}};  // from {0, 2} to {1}
        if (!one_way) plan.pairs.insert(plan.pairs.end(), {{1, 0}, {1, 2}});
        FaultScene at = scene({plan});
        const Datagrams in(at.fabric, 0, 1, v6(), 7001);
        const Datagrams out(at.fabric, 1, 2, v6(), 7001);
        const Datagrams within(at.fabric, 2, 0, v6(), 7001);
        in.send();
        ASSERT_EQ(in.arrived(1), 1U);
        out.send();
        ASSERT_EQ(out.arrived(1), 1U);
        must(at.fault().fire());
        for (const Datagrams* stream : {&in, &out, &within}) stream->send();
        EXPECT_EQ(within.arrived(1), 1U);
        EXPECT_EQ(in.arrived(0), 0U);
        EXPECT_EQ(out.arrived(one_way ? 1 : 0), one_way ? 1U : 0U);
        EXPECT_EQ(must(at.fault().losses()).at(0).up, 1U) << "it counts for its sender";
        must(at.fault().heal());
        in.send();
        EXPECT_EQ(in.arrived(1), 1U);
    }
}

TEST_P(PacketFaultTest, AConnectionThatSpeaksIsKnownAndASilentOneIsForgotten) {
    constexpr auto after = 400ms;
    for (const bool reset : {false, true}) {
        FaultScene at = scene({plan_of(ForgetIdle{after, reset})});
        const Answerer answerer(at);
        const TcpPair speaks(at.fabric, 1, 0, v6());  // before the middlebox counts: it is known to it
        const TcpPair silent(at.fabric, 1, 0, v6(), 5001);
        must(at.fault().fire());
        const TcpPair fresh(at.fabric, 0, 1, v6(), 5002);
        for (int i = 0; i < 4; ++i) {
            std::this_thread::sleep_for(after / 2);
            EXPECT_TRUE(speaks.speaks());
            EXPECT_TRUE(fresh.speaks());
        }
        if (reset) {
            EXPECT_EQ(error_of(silent.client), ECONNRESET);
        } else {
            char byte = 0;
            ASSERT_EQ(::send(silent.client.get(), "p", 1, MSG_NOSIGNAL), 1);
            std::this_thread::sleep_for(100ms);
            EXPECT_EQ(::recv(silent.server.get(), &byte, 1, MSG_DONTWAIT), -1);
        }
        EXPECT_GE(must(at.fault().losses()).at(1).up, 1U);
        EXPECT_NO_THROW(TcpPair(at.fabric, 1, 0, v6(), 5003)) << "a new connection is let in";
        must(at.fault().heal());
        char byte = 0;
        if (reset) continue;
        EXPECT_EQ(::recv(silent.server.get(), &byte, 1, 0), 1) << "TCP resends what was lost";
    }
}

TEST_P(PacketFaultTest, LargePacketsVanishAndSmallOnesPass) {
    constexpr std::uint16_t size = 1300;
    FaultScene at = scene({plan_of(LoseLarge{size})}, true);
    const std::size_t headers = v6() ? 48 : 28;
    const Datagrams datagrams(at.fabric, 1, 0, v6());
    must(at.fault().fire());
    datagrams.send(size - headers);
    EXPECT_EQ(datagrams.arrived(1), 1U) << "exactly as large passes";
    datagrams.send(size - headers + 1);
    EXPECT_EQ(datagrams.arrived(0), 0U);
    const TcpPair connection(at.fabric, 1, 0, v6());
    EXPECT_TRUE(connection.speaks()) << "handshake and small calls pass";
    const std::vector<char> large(100'000, 'x');
    const ssize_t sent =
        ::send(connection.client.get(), large.data(), large.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ASSERT_GT(sent, 20'000);
    std::this_thread::sleep_for(300ms);
    char bytes[4096];
    std::size_t got = 0;
    for (ssize_t n = 0; (n = ::recv(connection.server.get(), bytes, sizeof(bytes), MSG_DONTWAIT)) > 0;)
        got += static_cast<std::size_t>(n);
    EXPECT_LT(got, static_cast<std::size_t>(sent)) << "a large one stalls";
    must(at.fault().heal());
    const auto deadline = Clock::now() + 5s;
    while (got < static_cast<std::size_t>(sent) && Clock::now() < deadline)
        if (const ssize_t n = ::recv(connection.server.get(), bytes, sizeof(bytes), 0); n > 0)
            got += static_cast<std::size_t>(n);
    EXPECT_EQ(got, static_cast<std::size_t>(sent)) << "and goes on when it heals";
}

TEST_P(PacketFaultTest, TwoFaultsOnOneLinkComposeAndEndSeparately) {
    FaultPlan port = plan_of(Drop{});
    port.filter.port = 7001;
    FaultPlan down = plan_of(Drop{});
    down.filter.direction = Direction::down;
    FaultScene at = scene({port, down});
    const Datagrams up1(at.fabric, 1, 0, v6(), 7001);
    const Datagrams up2(at.fabric, 1, 0, v6(), 7002);
    const Datagrams down1(at.fabric, 0, 1, v6(), 7001);
    const Datagrams down2(at.fabric, 0, 1, v6(), 7002);
    const auto passes = [](const Datagrams& stream, bool expected) {
        stream.send();
        return stream.arrived(expected ? 1 : 0) == 1;
    };
    for (const Datagrams* stream : {&up1, &up2, &down1, &down2}) ASSERT_TRUE(passes(*stream, true));
    must(at.fault(0).fire());
    must(at.fault(1).fire());
    EXPECT_FALSE(passes(up1, false));
    EXPECT_TRUE(passes(up2, true));
    EXPECT_FALSE(passes(down1, false));
    EXPECT_FALSE(passes(down2, false));
    EXPECT_EQ(must(at.fault(0).losses()).at(1).down, 1U) << "the first fault has lost it";
    EXPECT_EQ(must(at.fault(1).losses()).at(1).down, 1U);
    must(at.fault(0).heal());
    EXPECT_TRUE(passes(up1, true));
    EXPECT_FALSE(passes(down1, false));
    must(at.fault(1).heal());
    EXPECT_TRUE(passes(down1, true));
    EXPECT_TRUE(passes(down2, true));
}

TEST_P(PacketFaultTest, FiringTwiceAndHealingEarlyIsHarmlessForEach) {
    const std::vector<PacketAction> actions = {ResetConnection{}, Refuse{}, Lose{{1}, {1}, 10},
                                               ForgetIdle{1s, false}, LoseLarge{600}};
    std::vector<FaultPlan> plans;
    for (const PacketAction& action : actions) plans.push_back(plan_of(action));
    FaultScene at = scene(plans, true);
    for (Fault& fault : at.faults) {
        must(fault.heal());
        must(fault.fire());
        must(fault.fire());
        EXPECT_TRUE(must(fault.in_effect()));
        must(fault.heal());
        must(fault.heal());
        EXPECT_FALSE(must(fault.in_effect()));
    }
    EXPECT_TRUE(TcpPair(at.fabric, 1, 0, v6()).speaks());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
