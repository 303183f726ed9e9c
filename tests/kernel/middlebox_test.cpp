// SPDX-License-Identifier: Apache-2.0
//
// What boxes between two hosts do to flows: a smaller MTU that is told, and mappings that are forgotten.
#include "base/io.h"
#include "fabric/options.h"
#include "fault/losses.h"
#include "fault/plan.h"
#include "kernel/answerer.h"
#include "time_scale.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

class MiddleboxTest : public EachFabricTest {
  protected:
    FaultScene scene(PacketAction action) const {
        FaultPlan plan;
        plan.nodes = {1};
        plan.action = std::move(action);
        FabricOptions wanted = options();
        wanted.single_segments = true;
        return FaultScene(wanted, {plan});
    }
};
INSTANTIATE_TEST_SUITE_P(Fabrics, MiddleboxTest, each_fabric(), fabric_name);

TEST_P(MiddleboxTest, ASmallerPathThatSaysSoIsKeptTo) {
    FaultScene at = scene(LoseLarge{1300, true});
    const Answerer answerer(at);
    const TcpPair connection(at.fabric, 1, 0, v6());
    must(at.fault().fire());
    constexpr std::size_t bytes = 200'000;
    EXPECT_LT(seconds_on(connection, bytes), 5 * time_scale());  // which expects all of them
    const Losses losses = must(at.fault().losses()).at(1);
    EXPECT_GE(losses.up, 1U) << "the first ones were too large";
    EXPECT_LT(losses.up, bytes / 1300) << "and then no more";
}

TEST_P(MiddleboxTest, AFlowOfDatagramsThatIsSilentIsForgottenUntilTheNodeSpeaks) {
    constexpr auto after = 300ms;
    FaultScene at = scene(ForgetIdle{after, false, true});
    const auto v = v6();
    const Fd node = open_socket(at.fabric.node(1), SOCK_DGRAM, v);
    const Fd peer = open_socket(at.fabric.node(0), SOCK_DGRAM, v);
    const Endpoint of_node(UdpProbe::address(at.fabric, 1, v), 6001),
        of_peer(UdpProbe::address(at.fabric, 0, v), 6000);
    ASSERT_EQ(::bind(node.get(), of_node.get(), of_node.size), 0);
    ASSERT_EQ(::bind(peer.get(), of_peer.get(), of_peer.size), 0);
    ASSERT_EQ(::connect(node.get(), of_peer.get(), of_peer.size), 0);
    ASSERT_EQ(::connect(peer.get(), of_node.get(), of_node.size), 0);
    const auto passes = [](const Fd& from, const Fd& to) {
        char byte = 0;
        return ::send(from.get(), "x", 1, 0) == 1 && ::recv(to.get(), &byte, 1, 0) == 1;
    };
    ASSERT_TRUE(passes(node, peer)) << "it is known before";
    must(at.fault().fire());
    EXPECT_TRUE(passes(peer, node));
    std::this_thread::sleep_for(after * 2);
    EXPECT_FALSE(passes(peer, node)) << "forgotten";
    EXPECT_TRUE(passes(node, peer));
    EXPECT_TRUE(passes(peer, node)) << "known again";
    EXPECT_EQ(must(at.fault().losses()).at(1).down, 1U);
    EXPECT_TRUE(TcpPair(at.fabric, 0, 1, v).speaks()) << "TCP is not meant";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
