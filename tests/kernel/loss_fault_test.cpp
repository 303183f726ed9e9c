// SPDX-License-Identifier: Apache-2.0
//
// Just the packets of the list are lost, on a real link.
#include <netinet/udp.h>
#include <sched.h>

#include <array>
#include <numeric>
#include <set>

#include "base/io.h"
#include "fabric/fabric.h"
#include "fabric/options.h"
#include "fault/fault.h"
#include "fault/loss_model.h"
#include "fault/losses.h"
#include "fault/plan.h"
#include "kernel/address.h"
#include "kernel/fault_scene.h"
#include "scenario/plan.h"

namespace netcut::test::NETCUT_FILE {
namespace {

FaultPlan plan_of(std::vector<std::uint32_t> lost, std::uint32_t period) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.filter.direction = Direction::up;
    plan.action = Lose{std::move(lost), {}, period};
    return plan;
}

// Keeps the thread on the CPU that it is on. What it sends passes veth pairs by that CPU's backlog, which is
// first in, first out, and holds a thousand packets.
class OnOneCpu {
  public:
    OnOneCpu() {
        ::sched_getaffinity(0, sizeof(before_), &before_);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<unsigned>(::sched_getcpu()), &one);
        ::sched_setaffinity(0, sizeof(one), &one);
    }
    ~OnOneCpu() { ::sched_setaffinity(0, sizeof(before_), &before_); }
    OnOneCpu(const OnOneCpu&) = delete;
    OnOneCpu& operator=(const OnOneCpu&) = delete;

  private:
    cpu_set_t before_{};
};

// Numbers of the datagrams that did not arrive. The sender hands over 50 datagrams at once (UDP_SEGMENT of
// udp(7)), which its link sends one by one; a datagram of another node tells that they are through.
std::vector<std::uint32_t> lost_of(Fabric& fabric, bool v6, std::uint32_t count) {
    const Fd sender = open_socket(fabric.node(1), SOCK_DGRAM, v6);
    const Fd reader = open_socket(fabric.node(0), SOCK_DGRAM, v6);
    const Endpoint any(
        v6 ? IpAddress(boost::asio::ip::address_v6::any()) : IpAddress(boost::asio::ip::address_v4::any()),
        7100);
    const Endpoint target(UdpProbe::address(fabric, 0, v6), 7100);
    const int room = 64 * 1024 * 1024;
    constexpr int size = sizeof(std::uint32_t);
    ::setsockopt(reader.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    if (::setsockopt(sender.get(), SOL_UDP, UDP_SEGMENT, &size, sizeof(size)) != 0 ||
        ::bind(reader.get(), any.get(), any.size) != 0)
        throw std::runtime_error("prepare the sockets");
    const OnOneCpu here;
    UdpProbe fence(fabric, 2, 0, v6);
    std::vector<bool> arrived(count + 1);
    std::uint32_t number = 0;
    const auto take = [&] {
        while (::recv(reader.get(), &number, sizeof(number), MSG_DONTWAIT) == sizeof(number))
            arrived[number] = true;
    };
    std::array<std::uint32_t, 50> numbers;
    for (std::uint32_t sent = 0; sent < count; sent += numbers.size()) {
        std::iota(numbers.begin(), numbers.end(), sent + 1);
        const std::size_t some = std::min<std::size_t>(numbers.size(), count - sent);
        ::sendto(sender.get(), numbers.data(), some * size, 0, target.get(), target.size);
        EXPECT_TRUE(fence.passes());
        take();
    }
    std::vector<std::uint32_t> lost;
    for (std::uint32_t i = 1; i <= count; ++i)
        if (!arrived[i]) lost.push_back(i);
    return lost;
}

class LossTest : public EachFabricTest {
  protected:
    FabricOptions counting() const {
        FabricOptions wanted = options();
        wanted.single_segments = true;  // as it is where packets are counted
        return wanted;
    }
};
INSTANTIATE_TEST_SUITE_P(Fabrics, LossTest, each_fabric(), fabric_name);

TEST_P(LossTest, ThePacketsOfTheListAreLostAndNoOther) {
    constexpr std::uint32_t period = 2000;
    const auto model = must(LossModel::parse("burst 5% 30%"));
    const auto list = must(model.lost_packets(3, period));
    FaultScene at(counting(), {plan_of(list, period)});
    const Datagrams warm(at.fabric, 1, 0, v6());
    warm.send();
    ASSERT_EQ(warm.arrived(1), 1U);
    must(at.fault().fire());
    EXPECT_EQ(lost_of(at.fabric, v6(), period), list);
    EXPECT_EQ(lost_of(at.fabric, v6(), period), list) << "the list begins anew";
    const Losses losses = must(at.fault().losses()).at(1);
    EXPECT_EQ(losses.up, 2 * list.size());
    EXPECT_EQ(losses.offered.value().up, 2 * period);
}

TEST_P(LossTest, TheNumbersBeginAnewWithEachFiring) {
    FaultScene at(counting(), {plan_of({1, 3}, 1000)});
    const Datagrams warm(at.fabric, 1, 0, v6());
    warm.send();
    ASSERT_EQ(warm.arrived(1), 1U);
    for (int firing = 1; firing <= 3; ++firing) {
        must(at.fault().fire());
        EXPECT_EQ(lost_of(at.fabric, v6(), 5), (std::vector<std::uint32_t>{1, 3})) << firing;
        must(at.fault().heal());
        const Losses losses = must(at.fault().losses()).at(1);
        EXPECT_EQ(losses.up, 2U) << firing;
        EXPECT_EQ(losses.offered.value().up, 5U) << firing;
    }
    must(at.fault().fire(std::chrono::milliseconds(20)));
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    EXPECT_FALSE(must(at.fault().in_effect())) << "it ended by itself";
    must(at.fault().heal());
    must(at.fault().fire());
    EXPECT_EQ(lost_of(at.fabric, v6(), 5), (std::vector<std::uint32_t>{1, 3}));
}

TEST_P(LossTest, TheNumbersBeginAnewWithEachMomentToo) {
    FaultPlan plan = plan_of({1}, 1000);
    WireMoment after_two;
    after_two.kind = WireMoment::Kind::sent_packets;
    after_two.amount = 2;
    plan.trigger = WireTrigger{after_two, 1, {}};
    FaultScene at(counting(), {plan});
    for (int firing = 1; firing <= 3; ++firing) {
        must(at.fault().arm());
        EXPECT_EQ(lost_of(at.fabric, v6(), 6), (std::vector<std::uint32_t>{3})) << firing;
        must(at.fault().follow());
        must(at.fault().heal());
        EXPECT_EQ(must(at.fault().losses()).at(1).up, 1U) << firing;
    }
}

class LossExactnessTest : public testing::TestWithParam<std::string> {
  protected:
    void SetUp() override { NETCUT_NEEDS_ROOT(); }
};

INSTANTIATE_TEST_SUITE_P(Models, LossExactnessTest,
                         testing::Values("iid 5%", "burst 1% 25% 90% 0.1%", "markov4 2% 30% 5% 40% 0.5%",
                                         "every 7", "packets 3,17-19,99999"),
                         [](const auto& info) { return info.param.substr(0, info.param.find(' ')); });

// What lists that come one behind the other lose, each of the packets that those before it let pass.
struct Expected {
    std::vector<std::uint32_t> lost;    // of all packets that are sent
    std::vector<std::uint64_t> losses;  // of each list
    std::uint32_t sent = 0;             // until the last list was looked up often enough
};
Expected expect(const std::vector<FaultPlan>& plans, std::uint32_t lookups) {
    Expected expected;
    std::vector<std::set<std::uint32_t>> lists;
    for (const FaultPlan& plan : plans) {
        const auto& list = std::get<Lose>(plan.action).up;
        lists.emplace_back(list.begin(), list.end());
    }
    const std::uint32_t period = std::get<Lose>(plans.front().action).period;
    std::vector<std::uint32_t> seen(plans.size());
    expected.losses.resize(plans.size());
    while (seen.back() < lookups) {
        ++expected.sent;
        for (std::size_t i = 0; i < lists.size(); ++i) {
            if (!lists[i].contains(seen[i]++ % period + 1)) continue;
            expected.lost.push_back(expected.sent);
            ++expected.losses[i];
            break;
        }
    }
    return expected;
}

// Ten faults at a time are one behind the other on the same link, so that a packet that passes is a test of
// ten lists; enough packets are sent for the last of them to see a hundred thousand.
TEST_P(LossExactnessTest, TwentySeedsOverAHundredThousandPackets) {
    constexpr std::uint32_t packets = 100'000;
    constexpr std::uint64_t seeds = 20, at_once = 10;
    const auto model = must(LossModel::parse(GetParam()));
    const std::uint32_t period = model.natural_period().value_or(packets);
    for (std::uint64_t first = 1; first <= seeds; first += at_once) {
        std::vector<FaultPlan> plans;
        for (std::uint64_t seed = first; seed < first + at_once; ++seed)
            plans.push_back(plan_of(must(model.lost_packets(seed, period)), period));
        const Expected expected = expect(plans, packets);
        FabricOptions options;
        options.single_segments = true;
        FaultScene at(options, plans);
        for (Fault& fault : at.faults) must(fault.fire());
        const auto lost = lost_of(at.fabric, false, expected.sent);
        const auto [ours, theirs] =
            std::mismatch(lost.begin(), lost.end(), expected.lost.begin(), expected.lost.end());
        EXPECT_TRUE(lost == expected.lost)
            << lost.size() << " were lost, not " << expected.lost.size() << "; the first that differ are "
            << (ours == lost.end() ? 0 : *ours) << " and " << (theirs == expected.lost.end() ? 0 : *theirs);
        for (std::size_t i = 0; i < plans.size(); ++i)
            EXPECT_EQ(must(at.fault(i).losses()).at(1).up, expected.losses[i]) << "seed " << first + i;
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
