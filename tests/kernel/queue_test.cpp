// SPDX-License-Identifier: Apache-2.0
#include "link/queue.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <linux/netlink.h>

#include <map>

#include "base/time.h"
#include "fabric/options.h"
#include "fault/plan.h"
#include "kernel/links_read.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/queue.h"
#include "kernel/queue_rig.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::Le;

std::vector<std::string> kinds(const std::vector<QueueState>& queues) {
    std::vector<std::string> kinds;
    kinds.reserve(queues.size());
    for (const QueueState& queue : queues) kinds.push_back(queue.kind);
    return kinds;
}

class QueueTest : public EachFabricTest {};

INSTANTIATE_TEST_SUITE_P(Kinds, QueueTest, each_fabric(), fabric_name);

TEST_P(QueueTest, RateHoldsForWhatIsMarkedAndEndsWithTheMark) {
    QueueRig rig(kind(), v6());
    QueueSpec spec;
    spec.bits_per_second = 8'000'000;  // 1 MB/s
    rig.set(spec);
    rig.mark(IPPROTO_TCP);
    const double slow = rig.seconds_for(500'000);
    EXPECT_THAT(slow, AllOf(Ge(0.35), Le(5)));  // 0.5 s less the bucket
    const QueueState queue = must(list_queues(rig.router(), QueueRig::device)).front();
    EXPECT_EQ(queue.kind, "htb");
    EXPECT_THAT(queue.bytes, AllOf(Ge(500'000U), Le(800'000U)));

    rig.unmark(IPPROTO_TCP);
    EXPECT_LT(rig.seconds_for(500'000), slow / 3);
    // The end of the first connection may have come in since.
    EXPECT_LT(must(list_queues(rig.router(), QueueRig::device)).front().bytes, queue.bytes + 1'000);
}

TEST_P(QueueTest, PacketsWithoutTheMarkNeverSeeTheQueue) {
    QueueRig rig(kind(), v6());
    QueueSpec spec;
    spec.bits_per_second = 1000;
    rig.set(spec);
    rig.mark(IPPROTO_TCP);
    const auto arrived = rig.send_datagrams(100, milliseconds(0));
    EXPECT_EQ(arrived.size(), 100U);
    EXPECT_EQ(must(list_queues(rig.router(), QueueRig::device)).front().packets, 0U);
    EXPECT_EQ(must(list_redirects(rig.router(), rig.port())).front().packets, 0U);
}

TEST_P(QueueTest, TheQueueHasTheRoomThatItWasGivenAndCountsWhatItLost) {
    QueueRig rig(kind(), v6());
    QueueSpec spec;
    spec.bits_per_second = 400'000;  // 50 kB/s
    spec.burst_bytes = 2'000;
    spec.queue_bytes = 20'000;
    rig.set(spec);
    rig.mark(IPPROTO_UDP);
    const auto arrived = rig.send_datagrams(200, milliseconds(0), 1'000);
    EXPECT_THAT(arrived.size(), AllOf(Ge(15U), Le(60U)));
    std::uint32_t lost = 0;
    for (const QueueState& queue : must(list_queues(rig.router(), QueueRig::device)))
        lost = std::max(lost, queue.drops);
    EXPECT_EQ(arrived.size() + lost, 200U);
}

TEST(Queue, WhatIsSetIsReadBackAndCanBeSetAnew) {
    NETCUT_NEEDS_ROOT();
    QueueRig rig(FabricKind::routed, false);
    const auto set = [&](std::vector<std::uint16_t> lanes) {
        QueueSpec spec;
        if (!lanes.empty()) spec.bits_per_second = 100'000'000'000;
        rig.set(spec, lanes);
        return kinds(must(list_queues(rig.router(), QueueRig::device)));
    };
    for (int i = 0; i < 2; ++i) {
        EXPECT_THAT(set({}), ElementsAre("pfifo"));
        EXPECT_THAT(set({1}), ElementsAre("htb", "bfifo"));
        EXPECT_THAT(set({1}), ElementsAre("htb", "bfifo"));
        EXPECT_THAT(set({8194, 1}), ElementsAre("htb", "bfifo", "bfifo"));
    }
}

TEST(Queue, MarksOfOnePortGoToDevicesOfTheirOwn) {
    NETCUT_NEEDS_ROOT();
    QueueRig rig(FabricKind::routed, false);
    Batch batch;
    add_queue_device(batch, "other", QueueRig::device + 1);
    add_clsact(batch, rig.port());
    redirect_marked(batch, rig.port(), 77, QueueRig::device);
    redirect_marked(batch, rig.port(), 77, QueueRig::device + 1);  // changes it
    must(rig.router().commit(batch));
    rig.mark(IPPROTO_UDP);
    EXPECT_EQ(rig.send_datagrams(10, milliseconds(0)).size(), 10U);
    std::map<std::uint32_t, Redirect> found;
    for (const Redirect& redirect : must(list_redirects(rig.router(), rig.port())))
        found[redirect.mark] = redirect;
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[QueueRig::the_mark].queue_device, QueueRig::device);
    EXPECT_EQ(found[QueueRig::the_mark].packets, 10U);
    EXPECT_EQ(found[77].queue_device, QueueRig::device + 1);
    EXPECT_EQ(found[77].packets, 0U);
}

TEST(Queue, ProbesLeaveNothingBehindAndNameWhatIsMissing) {
    NETCUT_NEEDS_ROOT();
    const NetNs apart = must(NetNs::create());
    NetlinkSocket socket = must(NetlinkSocket::open(NETLINK_ROUTE, &apart));
    const auto links = must(list_links(socket)).size();
    for (int i = 0; i < 2; ++i) {
        must(probe_rate(apart, "tbf"));
        must(probe_rate(apart, "htb"));
        must(probe_redirect(apart));
        const auto netem = probe_netem(apart);
        EXPECT_TRUE(netem || netem.error().text().find("this kernel has no netem") != std::string::npos);
    }
    EXPECT_EQ(must(list_links(socket)).size(), links);
    EXPECT_THAT(kinds(must(list_queues(socket, 1))), testing::Each("noqueue"));
}

// What comes when the bucket is empty and the queue is full waited for the longest time there is.
Nanoseconds longest_wait(std::uint64_t bits_per_second, Nanoseconds queue) {
    QueueRig rig(FabricKind::routed, false);
    QueueSpec spec;
    spec.bits_per_second = bits_per_second;
    spec.queue_time = queue;
    spec.burst_bytes = 20'000;
    rig.set(spec);
    rig.mark(IPPROTO_UDP);
    Nanoseconds longest{0};
    for (const Datagram& datagram : rig.send_datagrams(60, Nanoseconds(0), 1000))
        longest = std::max(longest, datagram.on_way);
    return longest;
}

TEST(Queue, WaitsForTheRateNoLongerThanItsTime) {
    NETCUT_NEEDS_ROOT();
    using std::chrono::milliseconds;
    EXPECT_LT(longest_wait(1'000'000, milliseconds(100)), milliseconds(100) + milliseconds(80));
    // One packet may always wait: at this rate some 130 ms.
    EXPECT_LT(longest_wait(64'000, milliseconds(100)), milliseconds(130) + milliseconds(300));
    EXPECT_GT(longest_wait(1'000'000, milliseconds(300)), milliseconds(200)) << "but it does wait";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
