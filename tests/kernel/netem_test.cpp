// SPDX-License-Identifier: Apache-2.0
//
// What netem does to real packets. These tests need a kernel that has it.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/io.h"
#include "kernel/netns.h"
#include "kernel/queue.h"
#include "kernel/queue_rig.h"
#include "link/queue.h"
#include "scenario/plan.h"
#include "time_scale.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Ge;
using testing::Le;

class NetemTest : public EachFabricTest {
  protected:
    void SetUp() override {
        NETCUT_NEEDS_ROOT();
        const NetNs apart = must(NetNs::create());
        if (const auto probe = probe_netem(apart); !probe) {
            ASSERT_EQ(probe.error().reason, "this kernel has no netem");
            GTEST_SKIP() << probe.error().reason;
        }
        rig_.emplace(kind(), v6());
    }
    std::vector<Datagram> send(const QueueSpec& spec, std::uint32_t count, milliseconds apart) {
        rig_->set(spec);
        rig_->mark(IPPROTO_UDP);
        return rig_->send_datagrams(count, apart);
    }
    std::vector<QueueState> queues() { return must(list_queues(rig_->router(), QueueRig::device)); }

    std::optional<QueueRig> rig_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, NetemTest, each_fabric(), fabric_name);

std::vector<double> ms_on_way(const std::vector<Datagram>& arrived) {
    std::vector<double> all;
    all.reserve(arrived.size());
    for (const Datagram& datagram : arrived)
        all.push_back(std::chrono::duration<double, std::milli>(datagram.on_way).count());
    std::sort(all.begin(), all.end());
    return all;
}

double share_of(double part, std::size_t whole) {
    return part / static_cast<double>(std::max<std::size_t>(whole, 1));
}

// Datagrams that the receiver's UDP threw away for their checksum (RFC 4113: a part of udpInErrors).
int checksum_errors(QueueRig& rig) {
    std::string v4, v6;
    must(rig.fabric().node(0).ns.run([&]() -> Result<void> {
        NETCUT_ASSIGN(v4, read_file("/proc/thread-self/net/snmp"));
        NETCUT_ASSIGN(v6, read_file("/proc/thread-self/net/snmp6"));
        return {};
    }));
    std::istringstream udp4(v4.substr(v4.rfind("\nUdp: ") + 6));
    std::istringstream udp6(v6.substr(v6.find("Udp6InCsumErrors") + 16));
    int of_v4 = 0, of_v6 = 0;
    for (int column = 0; column < 7; ++column) udp4 >> of_v4;
    udp6 >> of_v6;
    return of_v4 + of_v6;
}

TEST_P(NetemTest, DelayIsNeverLessThanAskedForAndEndsWithTheMark) {
    QueueSpec spec;
    spec.delay = milliseconds(50);
    const auto delayed = ms_on_way(send(spec, 50, milliseconds(5)));
    ASSERT_EQ(delayed.size(), 50U);
    RecordProperty("median_ms", fmt::format("{:.1f}", delayed[25]));
    EXPECT_GE(delayed.front(), 50);
    EXPECT_LT(delayed[25], 90);
    EXPECT_EQ(queues().front().packets, 50U);
    rig_->unmark(IPPROTO_UDP);
    const auto prompt = ms_on_way(rig_->send_datagrams(50, milliseconds(5)));
    ASSERT_EQ(prompt.size(), 50U);
    EXPECT_LT(prompt[25], 40);
}

TEST_P(NetemTest, JitterSpreadsTheDelayAsItsDistributionSays) {
    // Between the first and the last tenth, in jitters; a slow machine adds its own.
    const double most = 2.5 * time_scale();
    const std::map<std::string, double> spreads = {
        {"uniform", 1.6}, {"normal", 2.56}, {"pareto", 1.49}, {"paretonormal", 1.76}};
    for (const auto& [distribution, expected] : spreads) {
        QueueSpec spec;
        spec.delay = milliseconds(60);
        spec.jitter = milliseconds(20);
        spec.distribution = distribution;
        const auto on_way = ms_on_way(send(spec, 300, milliseconds(1)));
        ASSERT_EQ(on_way.size(), 300U) << distribution;
        const double middle = on_way[150], spread = (on_way[270] - on_way[30]) / 20;
        RecordProperty(distribution, fmt::format("{:.1f} {:.1f} {:.1f} spread {:.2f}", on_way.front(), middle,
                                                 on_way.back(), spread));
        EXPECT_THAT(middle, AllOf(Ge(45), Le(60 + 30 * time_scale()))) << distribution;
        EXPECT_THAT(spread, AllOf(Ge(expected * 0.65), Le(expected * most))) << distribution;
    }
}

TEST_P(NetemTest, ReorderedPacketsOvertakeTheOthers) {
    QueueSpec spec;
    spec.delay = milliseconds(60);
    spec.reorder = 0.3;
    const auto arrived = send(spec, 300, milliseconds(2));
    ASSERT_EQ(arrived.size(), 300U);
    std::uint32_t highest = 0;
    int overtaken = 0, prompt = 0;
    for (const Datagram& datagram : arrived) {
        if (datagram.number < highest) ++overtaken;
        highest = std::max(highest, datagram.number);
        if (datagram.on_way < milliseconds(30)) ++prompt;
    }
    RecordProperty("prompt", prompt);
    EXPECT_THAT(share_of(prompt, 300), AllOf(Ge(0.15), Le(0.45)));
    EXPECT_GT(overtaken, 100);
}

TEST_P(NetemTest, AGapSendsEveryNthAtOnce) {
    QueueSpec spec;
    spec.delay = milliseconds(200);
    spec.gap = 5;
    const auto arrived = send(spec, 50, milliseconds(2));
    ASSERT_EQ(arrived.size(), 50U);
    std::set<std::uint32_t> prompt;
    for (const Datagram& datagram : arrived)
        if (datagram.on_way < milliseconds(150)) prompt.insert(datagram.number % 5);
    EXPECT_THAT(prompt, testing::ElementsAre(4U));
}

TEST_P(NetemTest, DuplicatesAreTheShareThatWasAskedFor) {
    QueueSpec spec;
    spec.duplicate = 0.3;
    const auto arrived = send(spec, 400, milliseconds(1));
    std::set<std::uint32_t> numbers;
    for (const Datagram& datagram : arrived) numbers.insert(datagram.number);
    EXPECT_EQ(numbers.size(), 400U);
    RecordProperty("copies", static_cast<int>(arrived.size() - 400));
    EXPECT_THAT(share_of(static_cast<double>(arrived.size() - numbers.size()), 400),
                AllOf(Ge(0.18), Le(0.42)));
}

// A flipped bit in the frame's header or in the IP header sends it elsewhere or has it thrown away early; one
// in the datagram is seen by its checksum. So the receiver's program sees a loss, its kernel counts most.
TEST_P(NetemTest, CorruptPacketsFailTheReceiversChecks) {
    QueueSpec spec;
    spec.corrupt = 0.4;
    const auto arrived = send(spec, 400, milliseconds(1));
    EXPECT_THAT(share_of(static_cast<double>(400 - arrived.size()), 400), AllOf(Ge(0.25), Le(0.5)));
    const int seen = checksum_errors(*rig_);
    RecordProperty("arrived", static_cast<int>(arrived.size()));
    RecordProperty("checksum_errors", seen);
    EXPECT_GE(share_of(seen, 400), 0.15);
}

TEST_P(NetemTest, DelayAndRateActTogether) {
    QueueSpec spec;
    spec.delay = milliseconds(40);
    spec.bits_per_second = 8'000'000;  // 1 MB/s
    spec.queue_time = milliseconds(300);
    const auto on_way = ms_on_way(send(spec, 30, milliseconds(2)));
    ASSERT_EQ(on_way.size(), 30U);
    EXPECT_GE(on_way.front(), 40);
    rig_->mark(IPPROTO_TCP);
    EXPECT_THAT(rig_->seconds_for(500'000), AllOf(Ge(0.4), Le(8)));
    const auto states = queues();
    ASSERT_GE(states.size(), 2U);
    EXPECT_EQ(states[0].kind, "netem");
    EXPECT_EQ(states[1].kind, "htb");
}

// A queue below netem that splits large packets, as tbf does, makes netem count wrongly, and stop (kernels
// without "net/sched: netem: account for backlog updates from child qdisc", which came with 6.13).
TEST_P(NetemTest, AnythingThatWentInComesOut) {
    QueueSpec spec;
    spec.delay = milliseconds(5);
    spec.bits_per_second = 80'000'000;
    spec.burst_bytes = 10'000;
    spec.limit = 500;
    rig_->set(spec);
    rig_->mark(IPPROTO_TCP);
    EXPECT_LT(rig_->seconds_for(4'000'000), 30);
    std::this_thread::sleep_for(milliseconds(300));
    for (const QueueState& queue : queues()) {
        EXPECT_EQ(queue.waiting_packets, 0U) << queue.kind;
        EXPECT_EQ(queue.waiting_bytes, 0U) << queue.kind;
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
