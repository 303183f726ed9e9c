// SPDX-License-Identifier: Apache-2.0
//
// Moments on the wire, with real flows: which packet is the last to pass, or the first that is lost.
#include <random>

#include "base/io.h"
#include "fabric/fabric.h"
#include "fabric/options.h"
#include "fault/fault.h"
#include "fault/plan.h"
#include "kernel/fault_scene.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using Kind = WireMoment::Kind;

FaultPlan plan_at(WireMoment moment) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.trigger = WireTrigger{moment, 1, {}};
    return plan;
}

WireMoment moment(Kind kind, std::uint64_t amount = 1) {
    WireMoment wanted;
    wanted.kind = kind;
    wanted.amount = amount;
    return wanted;
}

FabricOptions counting(FabricKind kind = FabricKind::routed) {
    FabricOptions options;
    options.kind = kind;
    options.single_segments = true;
    return options;
}

class MomentTest : public testing::Test {
  protected:
    void SetUp() override { NETCUT_NEEDS_ROOT(); }
};

constexpr std::size_t faults_a_table = 25;  // each of them looks at every packet

TEST_F(MomentTest, ACutAtSentPacketsPassesExactlyThatManyAThousandTimes) {
    std::mt19937 random(20251);
    std::size_t mismatches = 0;
    for (const FabricKind kind : {FabricKind::routed, FabricKind::bridge})
        for (int table = 0; table < 20; ++table) {
            std::vector<FaultPlan> plans;
            for (std::size_t i = 0; i < faults_a_table; ++i)
                plans.push_back(plan_at(moment(Kind::sent_packets, 1 + random() % 200)));
            FaultScene scene(counting(kind), plans);
            const Datagrams stream(scene.fabric, 1, 0);
            stream.send();  // addresses are resolved
            stream.arrived(1);
            for (Fault& fault : scene.faults) {
                const std::size_t wanted = fault.plan().trigger->moment.amount;
                must(fault.arm());
                for (std::size_t i = 0; i < wanted + 10; ++i) stream.send();
                if (stream.arrived(wanted) != wanted) ++mismatches;
                EXPECT_EQ(must(scene.table.read_counted(fault.number())).packets, wanted);
                must(fault.follow());
                EXPECT_EQ(must(fault.losses()).at(1).up, 10U);
                must(fault.heal());
            }
        }
    EXPECT_EQ(mismatches, 0U);
}

TEST_F(MomentTest, ACutAtSentBytesStopsAtTheSamePacketEachTime) {
    std::mt19937 random(20252);
    constexpr std::size_t headers = 28;  // IPv4 and UDP
    std::vector<FaultPlan> plans;
    for (std::size_t i = 0; i < faults_a_table; ++i)
        plans.push_back(plan_at(moment(Kind::sent, 1 + random() % 100'000)));
    FaultScene scene(counting(), plans);
    const Datagrams stream(scene.fabric, 1, 0);
    for (Fault& fault : scene.faults) {
        std::uint64_t bytes = 0;
        std::size_t pass = 0;
        std::vector<std::size_t> sizes;
        while (sizes.size() < pass + 5 || bytes < fault.plan().trigger->moment.amount) {
            sizes.push_back(1 + random() % 1400);
            if (bytes < fault.plan().trigger->moment.amount) ++pass;
            bytes += headers + sizes.back();
        }
        for (int time = 0; time < 2; ++time) {
            must(fault.arm());
            for (const std::size_t size : sizes) stream.send(size);
            EXPECT_EQ(stream.arrived(pass), pass) << "at " << fault.plan().trigger->moment.amount << " bytes";
            must(fault.follow());
            must(fault.heal());
        }
    }
}

// Two CPUs send at once: the number that pass must not depend on how they meet.
TEST_F(MomentTest, PacketsOnSeveralCpusAreCountedExactly) {
    constexpr std::size_t wanted = 500;
    FaultScene scene(counting(), {plan_at(moment(Kind::sent_packets, wanted))});
    const Datagrams first(scene.fabric, 1, 0, false, 7001);
    const Datagrams second(scene.fabric, 1, 0, false, 7002);
    for (int time = 0; time < 50; ++time) {
        must(scene.fault().arm());
        const auto send = [](const Datagrams& stream) {
            for (std::size_t i = 0; i < wanted; ++i) stream.send();
        };
        std::thread other(send, std::cref(second));
        send(first);
        other.join();
        std::this_thread::sleep_for(2ms);
        const std::size_t arrived = first.arrived(0) + second.arrived(0);
        EXPECT_EQ(arrived, wanted);
        must(scene.fault().follow());
        must(scene.fault().heal());
    }
}

class FamilyTest : public EachFabricTest {
  protected:
    FabricOptions options() const { return counting(kind()); }
};

INSTANTIATE_TEST_SUITE_P(Moments, FamilyTest, each_fabric(), fabric_name);

TEST_P(FamilyTest, ReceivedCountsTheOtherDirection) {
    FaultScene scene(options(), {plan_at(moment(Kind::received_packets, 3))});
    const Datagrams down(scene.fabric, 0, 1, v6());
    const Datagrams up(scene.fabric, 1, 0, v6(), 7001);
    down.send();
    ASSERT_EQ(down.arrived(1), 1U);
    must(scene.fault().arm());
    for (int i = 0; i < 5; ++i) up.send();
    EXPECT_EQ(up.arrived(5), 5U) << "what goes up does not count";
    for (int i = 0; i < 5; ++i) down.send();
    EXPECT_EQ(down.arrived(3), 3U);
    up.send();
    EXPECT_EQ(up.arrived(0), 0U) << "both directions are cut";
}

TEST_P(FamilyTest, RequestPassesAndItsReplyIsLost) {
    FaultScene scene(options(), {plan_at(moment(Kind::request))});
    const TcpPair connection(scene.fabric, 1, 0, v6());
    ASSERT_TRUE(connection.speaks());
    must(scene.fault().arm());
    char byte = 0;
    ASSERT_EQ(::send(connection.client.get(), "p", 1, MSG_NOSIGNAL), 1);
    EXPECT_EQ(::recv(connection.server.get(), &byte, 1, 0), 1) << "the request has passed";
    ASSERT_EQ(::send(connection.server.get(), "q", 1, MSG_NOSIGNAL), 1);
    std::this_thread::sleep_for(100ms);
    EXPECT_EQ(::recv(connection.client.get(), &byte, 1, MSG_DONTWAIT), -1) << "nothing comes back";
    EXPECT_TRUE(must(scene.fault().in_effect()));
}

TEST_P(FamilyTest, ReplyIsTheFirstThatIsLost) {
    FaultScene scene(options(), {plan_at(moment(Kind::reply))});
    const Datagrams down(scene.fabric, 0, 1, v6());
    down.send();
    ASSERT_EQ(down.arrived(1), 1U);
    must(scene.fault().arm());
    for (int i = 0; i < 3; ++i) down.send();
    EXPECT_EQ(down.arrived(0), 0U);
    must(scene.fault().follow());
    EXPECT_EQ(must(scene.fault().losses()).at(1).down, 3U);
}

TEST_P(FamilyTest, AnAnswerIsTheFirstMessageDown) {
    FaultScene scene(options(), {plan_at(moment(Kind::answer))});
    const Datagrams up(scene.fabric, 1, 0, v6(), 7001);
    const Datagrams down(scene.fabric, 0, 1, v6());
    must(scene.fault().arm());
    for (int i = 0; i < 3; ++i) down.send(10 + i * 31);
    EXPECT_EQ(down.arrived(3), 3U) << "that is control data, such as gRPC's of 65 or 72 bytes";
    up.send(500);
    EXPECT_EQ(up.arrived(1), 1U) << "the question itself may come after the fault is armed";
    for (int i = 0; i < 3; ++i) down.send(500);
    EXPECT_EQ(down.arrived(0), 0U);
    must(scene.fault().follow());
    EXPECT_EQ(must(scene.fault().losses()).at(1).down, 3U);
}

TEST_P(FamilyTest, WhoAsksAgainAwaitsNoAnswerAnyMore) {
    FaultScene scene(options(), {plan_at(moment(Kind::last_answer))});
    const Datagrams up(scene.fabric, 1, 0, v6());
    const Datagrams down(scene.fabric, 0, 1, v6(), 7001);
    must(scene.fault().arm());
    up.send(10);
    up.send(500);
    EXPECT_EQ(up.arrived(2), 2U);
    down.send(500);
    EXPECT_EQ(down.arrived(1), 1U);
    EXPECT_FALSE(must(scene.fault().in_effect()));
    must(scene.fault().arm());  // after the last question
    up.send(10);
    down.send(500);
    EXPECT_EQ(down.arrived(0), 0U);
    EXPECT_EQ(up.arrived(1), 1U) << "control data asks for nothing";
}

TEST_F(MomentTest, ArmedAnewItCountsFromNothing) {
    FaultScene scene(counting(), {plan_at(moment(Kind::sent, 10'000))});
    const Datagrams up(scene.fabric, 1, 0);
    for (int i = 0; i < 4; ++i) {
        must(scene.fault().arm());
        for (int k = 0; k < 9; ++k) up.send(1000);
        EXPECT_EQ(up.arrived(9), 9U);
    }
    must(scene.fault().disarm());
    for (int k = 0; k < 20; ++k) up.send(1000);
    EXPECT_EQ(up.arrived(20), 20U);
    EXPECT_FALSE(must(scene.fault().in_effect()));
    must(scene.fault().arm());
    for (int k = 0; k < 20; ++k) up.send(1000);
    EXPECT_EQ(up.arrived(10), 10U);
}

TEST_P(FamilyTest, SynIsLostAndWhatIsThereSpeaksUntilThen) {
    FaultScene scene(options(), {plan_at(moment(Kind::syn))});
    const TcpPair connection(scene.fabric, 1, 0, v6());
    must(scene.fault().arm());
    EXPECT_TRUE(connection.speaks());
    EXPECT_FALSE(must(scene.fault().in_effect()));
    EXPECT_THROW(TcpPair(scene.fabric, 1, 0, v6(), 5002), std::runtime_error);
    EXPECT_TRUE(must(scene.fault().in_effect()));
}

TEST_P(FamilyTest, FinIsLost) {
    FaultScene scene(options(), {plan_at(moment(Kind::fin))});
    TcpPair connection(scene.fabric, 1, 0, v6());
    must(scene.fault().arm());
    EXPECT_TRUE(connection.speaks());
    connection.client.reset();
    std::this_thread::sleep_for(50ms);
    char byte = 0;
    EXPECT_EQ(::recv(connection.server.get(), &byte, 1, MSG_DONTWAIT), -1) << "the end is not told";
    EXPECT_TRUE(must(scene.fault().in_effect()));
}

TEST_P(FamilyTest, ThePacketAfterASilenceIsLost) {
    WireMoment silence = moment(Kind::silence);
    silence.silence = 200ms;
    FaultScene scene(options(), {plan_at(silence)});
    const Datagrams up(scene.fabric, 1, 0, v6());
    up.send();
    ASSERT_EQ(up.arrived(1), 1U);
    must(scene.fault().arm());
    for (int i = 0; i < 6; ++i) {
        std::this_thread::sleep_for(50ms);
        up.send();
        EXPECT_EQ(up.arrived(1), 1U);
    }
    EXPECT_FALSE(must(scene.table.is_silent(0)));
    std::this_thread::sleep_for(300ms);
    EXPECT_TRUE(must(scene.table.is_silent(0)));
    up.send();
    EXPECT_EQ(up.arrived(0), 0U);
}

TEST_F(MomentTest, PortAndPeerChooseTheFlow) {
    WireMoment wanted = moment(Kind::sent_packets, 2);
    wanted.port = 7001;
    FaultPlan plan = plan_at(wanted);
    plan.trigger->peer = 0;
    FaultScene scene(counting(), {plan});
    const Datagrams right(scene.fabric, 1, 0, false, 7001);
    const Datagrams other_port(scene.fabric, 1, 0, false, 7002);
    const Datagrams other_peer(scene.fabric, 1, 2, false, 7001);
    must(scene.fault().arm());
    for (int i = 0; i < 5; ++i) {
        other_port.send();
        other_peer.send();
    }
    EXPECT_EQ(other_port.arrived(5), 5U);
    EXPECT_EQ(other_peer.arrived(5), 5U);
    for (int i = 0; i < 5; ++i) right.send();
    EXPECT_EQ(right.arrived(2), 2U);
}

TEST_F(MomentTest, BareAcknowledgementsDoNotCount) {
    FaultScene scene(counting(), {plan_at(moment(Kind::sent_packets, 1))});
    const TcpPair connection(scene.fabric, 1, 0, false);
    must(scene.fault().arm());
    char byte = 0;
    for (int i = 0; i < 20; ++i) {  // down only: up there are but acknowledgements
        ASSERT_EQ(::send(connection.server.get(), "q", 1, 0), 1);
        ASSERT_EQ(::recv(connection.client.get(), &byte, 1, 0), 1);
    }
    EXPECT_FALSE(must(scene.fault().in_effect()));
}

TEST_F(MomentTest, AnotherNodesPacketsCanBeTheMoment) {
    FaultPlan plan = plan_at(moment(Kind::sent_packets, 2));
    plan.trigger->node = 0;  // what the aggregator sends, to anybody
    FaultScene scene(counting(), {plan});
    const Datagrams down(scene.fabric, 0, 1);
    must(scene.fault().arm());
    for (int i = 0; i < 5; ++i) down.send();
    EXPECT_EQ(down.arrived(2), 2U) << "the packet that is the moment passes, whoever is cut";
}

TEST_F(MomentTest, TheLeaseBeginsWithTheMomentAndEndsByItself) {
    FaultPlan plan = plan_at(moment(Kind::sent_packets, 1));
    plan.duration = 300ms;
    FaultScene scene(counting(), {plan});
    const Datagrams up(scene.fabric, 1, 0);
    must(scene.fault().arm());
    up.send();
    up.send();
    EXPECT_EQ(up.arrived(1), 1U);
    std::this_thread::sleep_for(400ms);
    up.send();
    EXPECT_EQ(up.arrived(1), 1U);
}

// A client asks and a server answers, in one segment each.
class Exchange {
  public:
    explicit Exchange(Fabric& fabric) : pair_(fabric, 1, 0, false) {}
    void ask() const { ASSERT_EQ(::send(pair_.client.get(), "q", 1, MSG_NOSIGNAL), 1); }
    void answer() const { ASSERT_EQ(::send(pair_.server.get(), "a", 1, MSG_NOSIGNAL), 1); }
    bool was_asked() const { return comes(pair_.server); }
    bool was_answered() const { return comes(pair_.client); }

  private:
    static bool comes(const Fd& socket) {
        char byte = 0;
        return ::recv(socket.get(), &byte, 1, 0) == 1;
    }
    TcpPair pair_;
};

// The segment that was the moment, and those that the cut has lost, are sent once more after the heal: these
// are not what comes next.
void cut_then_arm_again(Fault& fault) {
    must(fault.follow());
    must(fault.heal());
    must(fault.arm());
}

TEST_F(MomentTest, ARequestThatIsSentOnceMoreIsNoOther) {
    for (const FabricKind kind : {FabricKind::routed, FabricKind::bridge}) {
        FaultScene scene(counting(kind), {plan_at(moment(Kind::request))});
        const Exchange exchange(scene.fabric);
        must(scene.fault().arm());
        exchange.ask();
        ASSERT_TRUE(exchange.was_asked());
        ASSERT_TRUE(must(scene.fault().in_effect()));
        std::this_thread::sleep_for(40ms);  // or both would be sent once more at the same tick, and cross
        exchange.answer();                  // it is lost, and so was the acknowledgement
        cut_then_arm_again(scene.fault());
        EXPECT_TRUE(exchange.was_answered());
        EXPECT_FALSE(must(scene.fault().in_effect())) << "both were sent once more";
        exchange.ask();
        ASSERT_TRUE(exchange.was_asked());
        EXPECT_TRUE(must(scene.fault().in_effect())) << "another request";
    }
}

TEST_F(MomentTest, AReplyThatIsSentOnceMoreIsNoOther) {
    FaultScene scene(counting(), {plan_at(moment(Kind::reply))});
    const Exchange exchange(scene.fabric);
    must(scene.fault().arm());
    exchange.ask();
    ASSERT_TRUE(exchange.was_asked());
    exchange.answer();
    ASSERT_TRUE(must(scene.fault().in_effect()));
    cut_then_arm_again(scene.fault());
    EXPECT_TRUE(exchange.was_answered());
    EXPECT_FALSE(must(scene.fault().in_effect()));
    exchange.ask();
    ASSERT_TRUE(exchange.was_asked());
    exchange.answer();
    EXPECT_TRUE(must(scene.fault().in_effect()));
}

TEST_F(MomentTest, ASynThatIsSentOnceMoreIsNoOther) {
    FaultScene scene(counting(), {plan_at(moment(Kind::syn))});
    must(scene.fault().arm());
    std::thread opening([&] { const Exchange exchange(scene.fabric); });
    while (!must(scene.fault().in_effect())) std::this_thread::sleep_for(5ms);
    cut_then_arm_again(scene.fault());
    opening.join();  // it is sent once more after a second
    EXPECT_FALSE(must(scene.fault().in_effect()));
    std::thread another([&] { const Exchange exchange(scene.fabric); });
    while (!must(scene.fault().in_effect())) std::this_thread::sleep_for(5ms);
    must(scene.fault().follow());
    must(scene.fault().heal());
    another.join();
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
