// SPDX-License-Identifier: Apache-2.0
//
// Half-open connections are told from those that open and close while the nodes are being read.
#include <atomic>

#include "base/error.h"
#include "base/io.h"
#include "fault/plan.h"
#include "kernel/fault_scene.h"
#include "record/facts.h"
#include "sockets/sockets.h"

namespace netcut::test::NETCUT_FILE {
namespace {

void end_by_reset(Fd& socket) {
    const linger at_once{1, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    socket.reset();
}

class HalfOpenTest : public EachFabricTest {
  protected:
    void SetUp() override {
        NETCUT_NEEDS_ROOT();
        FaultPlan cut;
        cut.nodes = {1};
        scene_.emplace(options(), std::vector{cut});
    }
    std::optional<FaultScene> scene_;
};
INSTANTIATE_TEST_SUITE_P(EachFabric, HalfOpenTest, each_fabric(), fabric_name);

TEST_P(HalfOpenTest, IsWhatStaysSoWhileOthersOpenAndCloseAllTheTime) {
    TcpPair half(scene_->fabric, 1, 0, v6());
    must(scene_->fault().fire());
    end_by_reset(half.server);  // of which the other end never learns
    must(scene_->fault().heal());
    std::atomic<bool> over = false;
    std::atomic<int> opened = 0;
    std::thread others([&] {
        for (std::uint16_t port = 6000; !over; port = port == 6999 ? 6000 : port + 1) {
            TcpPair pair(scene_->fabric, 2, 0, v6(), port);
            ++opened;
            end_by_reset(pair.client);
        }
    });
    std::vector<Result<std::vector<HalfOpen>>> samples;
    SocketReader reader(scene_->fabric);
    for (int i = 0; i < 30; ++i) samples.push_back(sample_half_open(scene_->fabric, reader));
    over = true;
    others.join();
    for (const auto& sample : samples) {
        const auto found = must(sample);
        ASSERT_EQ(found.size(), 1U) << (found.empty() ? "" : found.back().node);
        EXPECT_EQ(found[0].node, "collaborator1");
        EXPECT_EQ(found[0].peer, "aggregator");
    }
    EXPECT_GT(opened, 30);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
