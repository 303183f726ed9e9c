// SPDX-License-Identifier: Apache-2.0
//
// A router that refuses many packets at once tells each sender of each.
#include "base/io.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fault/plan.h"
#include "kernel/fault_scene.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr std::size_t many = 50;

class RejectTest : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override { NETCUT_NEEDS_ROOT(); }
    static FaultScene refusing() {
        FaultPlan plan;
        plan.nodes = {1};
        plan.action = Refuse{};
        FaultScene at({}, {plan});
        must(at.fault().fire());
        return at;
    }
    // Sockets of the second node, each of which has sent something to the first.
    static std::vector<Fd> ask(Fabric& fabric, int type, bool v6) {
        std::vector<Fd> sockets;
        const Endpoint at(UdpProbe::address(fabric, 0, v6), 5000);
        for (std::size_t i = 0; i < many; ++i) {
            sockets.push_back(open_socket(fabric.node(1), type | SOCK_NONBLOCK, v6));
            ::connect(sockets.back().get(), at.get(), at.size);
            if (type == SOCK_DGRAM) ::send(sockets.back().get(), "x", 1, 0);
        }
        return sockets;
    }
    static std::size_t refused(const std::vector<Fd>& sockets, std::chrono::seconds patience) {
        std::vector<bool> told(sockets.size());
        const auto deadline = Clock::now() + patience;
        std::size_t count = 0;
        while (count < sockets.size() && Clock::now() < deadline) {
            for (std::size_t i = 0; i < sockets.size(); ++i) {
                int error = 0;
                socklen_t size = sizeof(error);
                ::getsockopt(sockets[i].get(), SOL_SOCKET, SO_ERROR, &error, &size);
                if (error != ECONNREFUSED || told[i]) continue;
                told[i] = true;
                ++count;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return count;
    }
};

INSTANTIATE_TEST_SUITE_P(Ip, RejectTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "V6" : "V4"; });

TEST_P(RejectTest, EachOfManyDatagramsLearnsOfItAtOnce) {
    FaultScene at = refusing();
    EXPECT_EQ(refused(ask(at.fabric, SOCK_DGRAM, GetParam()), std::chrono::seconds(1)), many);
}

// An answer to the first SYN finds connect() still at work, and is thrown away. The second one has one, too.
TEST_P(RejectTest, EachOfManyConnectionsLearnsOfItWithItsSecondSyn) {
    FaultScene at = refusing();
    EXPECT_EQ(refused(ask(at.fabric, SOCK_STREAM, GetParam()), std::chrono::seconds(5)), many);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
