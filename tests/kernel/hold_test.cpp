// SPDX-License-Identifier: Apache-2.0
//
// What becomes of packets that we hold, as their receiver sees it: with its own clock, and the numbers that are in them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/udp.h>

#include <algorithm>
#include <map>
#include <set>

#include "e2e/crowd.h"
#include "fabric/fabric.h"
#include "fault/fault.h"
#include "fault/holder.h"
#include "fault/plan.h"
#include "hold/hold_list.h"
#include "hold/loss_draws.h"
#include "kernel/address.h"
#include "kernel/fault_scene.h"
#include "link/queue.h"
#include "link/trace.h"
#include "time_scale.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using std::chrono::milliseconds;
using testing::Each;
using testing::Ge;
using testing::Le;

constexpr std::uint64_t seed = 7;
constexpr std::uint32_t period = 10'000;

Hold lists_of(const QueueSpec& spec) {
    Hold hold;
    hold.up.list = must(HoldList::make(spec, seed, period));
    hold.down.list = must(HoldList::make(spec, seed + 1, period));
    return hold;
}

// What the second node sends.
FaultPlan plan_of(const Hold& hold) {
    FaultPlan plan;
    plan.nodes = {1};
    plan.filter.direction = Direction::up;
    plan.action = hold;
    return plan;
}

struct Arrival {
    std::uint32_t number = 0;         // from 1
    Nanoseconds sent{0}, arrived{0};  // CLOCK_REALTIME, the second as the receiver's kernel stamps it
    Nanoseconds on_way() const { return arrived - sent; }
};

Nanoseconds real_time() {
    return std::chrono::system_clock::now().time_since_epoch();
}

// Numbered datagrams from the second node to the first.
class Stream {
  public:
    Stream(Fabric& fabric, bool v6)
        : sender_(open_socket(fabric.node(1), SOCK_DGRAM, v6)),
          reader_(open_socket(fabric.node(0), SOCK_DGRAM, v6)),
          target_(UdpProbe::address(fabric, 0, v6), 6100) {
        const int on = 1, room = 64 << 20;
        ::setsockopt(reader_.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
        ::setsockopt(reader_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
        if (::bind(reader_.get(), target_.get(), target_.size) != 0) throw std::runtime_error("bind");
    }

    void send(std::uint32_t count, Nanoseconds apart, std::size_t bytes = 64) {
        std::string text(std::max(bytes, sizeof(Arrival)), 'x');
        for (std::uint32_t i = 1; i <= count; ++i) {
            const auto next = Clock::now() + apart;
            const Arrival one{i, real_time(), {}};
            std::memcpy(text.data(), &one, sizeof(one));
            ::sendto(sender_.get(), text.data(), text.size(), 0, target_.get(), target_.size);
            std::this_thread::sleep_until(next);
        }
    }
    // What has come by the time that nothing comes any more, in its order.
    std::vector<Arrival> receive() {
        std::vector<Arrival> all;
        while (const auto one = receive_one()) all.push_back(*one);
        return all;
    }
    std::optional<Arrival> receive_one() {
        std::array<char, 2048> buffer;
        std::array<char, 128> control;
        iovec part{buffer.data(), buffer.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        if (::recvmsg(reader_.get(), &message, 0) < static_cast<ssize_t>(sizeof(Arrival))) return {};
        Arrival one;
        std::memcpy(&one, buffer.data(), sizeof(one));
        for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
             header = CMSG_NXTHDR(&message, header))
            if (header->cmsg_type == SCM_TIMESTAMPNS) {
                timespec time{};
                std::memcpy(&time, CMSG_DATA(header), sizeof(time));
                one.arrived = std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
            }
        return one;
    }

  private:
    Fd sender_, reader_;
    Endpoint target_;
};

std::map<std::uint32_t, int> times_of(const std::vector<Arrival>& arrivals) {
    std::map<std::uint32_t, int> times;
    for (const Arrival& one : arrivals) ++times[one.number];
    return times;
}

double quantile_ms(std::vector<double> values, double part) {
    std::sort(values.begin(), values.end());
    return values.at(static_cast<std::size_t>(part * static_cast<double>(values.size() - 1)));
}

// The kernel may have put off what was sent, to when no program wants the processor.
constexpr auto until_all_met = milliseconds(50), at_most_until_all_met = milliseconds(1000);

class HoldTest : public EachFabricTest {
  protected:
    // Sends packets while the fault is on; then it is off, and what comes is read. Once more if a processor was away for so
    // long that the holder's lease has ended or may have: then packets pass, as they should.
    std::vector<Arrival> meet(const FaultPlan& plan, std::uint32_t count, Nanoseconds apart,
                              std::size_t bytes = 64) {
        for (int tries = 1;; ++tries) {
            const Lateness lateness;
            FaultScene scene(options(), {plan}, 1);
            Stream stream(scene.fabric, v6());
            must(scene.fault().fire());
            stream.send(count, apart, bytes);
            const auto deadline = Clock::now() + at_most_until_all_met;
            do {
                std::this_thread::sleep_for(until_all_met);
            } while (must(scene.fault().losses()).at(1).up < count && Clock::now() < deadline);
            must(scene.fault().heal());
            auto arrivals = stream.receive();
            const bool lapsed = scene.table.holder()->lapses().times > 0;
            if ((lapsed || lateness.longest_ms() > 200) && tries < 5) continue;
            hits_ = must(scene.fault().losses()).at(1).up;
            const auto missed = must(scene.table.holder()->missed());
            EXPECT_EQ(missed.unread + missed.no_room + missed.unsent, 0U);
            return arrivals;
        }
    }
    std::uint64_t hits_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Kinds, HoldTest, each_fabric(), fabric_name);

// By how much packets are later than their list says, of which none is early.
void expect_delays(const std::vector<Arrival>& arrivals, const HoldList& list) {
    std::vector<double> late_ms;
    for (const Arrival& one : arrivals) {
        const Nanoseconds late = one.on_way() - list.at(one.number).delay;
        EXPECT_GE(late, Nanoseconds(0)) << "packet " << one.number;
        late_ms.push_back(std::chrono::duration<double, std::milli>(late).count());
    }
    ASSERT_FALSE(late_ms.empty());
    testing::Test::RecordProperty("late_p50_ms", fmt::format("{:.3f}", quantile_ms(late_ms, 0.5)));
    testing::Test::RecordProperty("late_p99_ms", fmt::format("{:.3f}", quantile_ms(late_ms, 0.99)));
    fmt::print("late: p50 {:.3f} ms, p99 {:.3f} ms\n", quantile_ms(late_ms, 0.5), quantile_ms(late_ms, 0.99));
    EXPECT_LT(quantile_ms(late_ms, 0.5), 5 * time_scale());
}

TEST_P(HoldTest, DelayIsThatOfEachPacketAndTheirOrderStays) {
    QueueSpec spec;
    spec.delay = milliseconds(20);
    const Hold hold = lists_of(spec);
    const auto arrivals = meet(plan_of(hold), 1000, milliseconds(1));
    ASSERT_EQ(arrivals.size(), 1000U);
    EXPECT_EQ(hits_, 1000U);
    EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end(),
                               [](const Arrival& a, const Arrival& b) { return a.number < b.number; }));
    expect_delays(arrivals, hold.up.list);
}

TEST_P(HoldTest, WhatIsSentAfterTheHealIsNotLate) {
    QueueSpec spec;
    spec.delay = milliseconds(500);
    FaultScene scene(options(), {plan_of(lists_of(spec))}, 1);
    Stream stream(scene.fabric, v6());
    stream.send(1, milliseconds(0));
    ASSERT_TRUE(stream.receive_one());
    must(scene.fault().fire());
    stream.send(1, milliseconds(0));
    std::this_thread::sleep_for(until_all_met);
    must(scene.fault().heal());
    stream.send(2, milliseconds(0));
    // It overtakes what waits, which comes at its own time.
    const auto first = stream.receive_one(), second = stream.receive_one();
    ASSERT_TRUE(first && second);
    EXPECT_LT(first->on_way(), milliseconds(500));
    EXPECT_LT(second->on_way(), milliseconds(500));
    std::optional<Arrival> last;
    for (int tries = 0; tries < 5 && !last; ++tries) last = stream.receive_one();
    ASSERT_TRUE(last);
    EXPECT_GE(last->on_way(), milliseconds(500));
}

TEST_P(HoldTest, JitterIsThatOfTheListForEachPacket) {
    QueueSpec spec;
    spec.delay = milliseconds(30);
    spec.jitter = milliseconds(25);
    spec.distribution = "normal";
    const Hold hold = lists_of(spec);
    const auto arrivals = meet(plan_of(hold), 500, milliseconds(1));
    ASSERT_EQ(arrivals.size(), 500U);
    expect_delays(arrivals, hold.up.list);
    EXPECT_FALSE(std::is_sorted(arrivals.begin(), arrivals.end(),
                                [](const Arrival& a, const Arrival& b) { return a.number < b.number; }));
}

TEST_P(HoldTest, JustThePacketsOfTheListOvertake) {
    QueueSpec spec;
    spec.delay = milliseconds(100);
    spec.reorder = 0.3;
    const Hold hold = lists_of(spec);
    const auto arrivals = meet(plan_of(hold), 300, milliseconds(1));
    ASSERT_EQ(arrivals.size(), 300U);
    expect_delays(arrivals, hold.up.list);
    std::uint32_t highest = 0;
    int overtaken = 0;
    for (const Arrival& one : arrivals) {
        if (one.number < highest) ++overtaken;
        highest = std::max(highest, one.number);
    }
    EXPECT_GT(overtaken, 100);
}

TEST_P(HoldTest, JustThePacketsOfTheListComeTwice) {
    QueueSpec spec;
    spec.duplicate = 0.2;
    const Hold hold = lists_of(spec);
    const auto times = times_of(meet(plan_of(hold), 3000, Nanoseconds(0)));
    ASSERT_EQ(times.size(), 3000U);
    for (const auto& [number, count] : times)
        EXPECT_EQ(count, hold.up.list.at(number).copied ? 2 : 1) << "packet " << number;
}

// Traffic class, flow label and hop limit of IPv6 are under no checksum.
bool is_harmless(std::uint32_t bit, bool v6) {
    if (!v6) return false;
    const std::uint32_t byte = bit / 8;
    return byte == 7 || (byte > 0 && byte < 4) || (byte == 0 && bit % 8 < 4);
}

TEST_P(HoldTest, JustThePacketsOfTheListAreWrong) {
    QueueSpec spec;
    spec.corrupt = 0.2;
    const Hold hold = lists_of(spec);
    constexpr std::size_t payload = 64;
    const std::uint32_t bits = (payload + 8 + (v6() ? 40 : 20)) * 8;
    const auto times = times_of(meet(plan_of(hold), 3000, Nanoseconds(0), payload));
    for (std::uint32_t number = 1; number <= 3000; ++number) {
        const auto flip = hold.up.list.at(number).flip;
        EXPECT_EQ(times.contains(number), !flip || is_harmless(*flip % bits, v6()))
            << "packet " << number << ", bit " << (flip ? *flip % bits : 0);
    }
}

// Of the sender's link up, and the receiver's down.
TEST_P(HoldTest, ALinkIsAsItsTraceSaysAtEachTime) {
    const auto trace = std::make_shared<LinkTrace>(
        std::vector<TraceStep>{{.delay = milliseconds(10), .loss = 0.2},
                               {.at = milliseconds(300), .delay = milliseconds(60)},
                               {.at = milliseconds(600), .delay = milliseconds(20), .loss = 0.5}},
        milliseconds(1000));
    const LossDraws draws(trace->most_loss(), seed);
    Hold up, down;
    up.up.links[1] = {{trace, false}, draws};
    down.down.by_receiver = true;
    constexpr Nanoseconds down_delay = milliseconds(5);
    down.down.links[0] = {
        {std::make_shared<LinkTrace>(std::vector<TraceStep>{{.delay = down_delay}}, Nanoseconds(0))}, {}};
    FaultPlan first = plan_of(up), second = plan_of(down);
    second.nodes = {0};
    second.filter.direction = Direction::down;
    constexpr std::uint32_t count = 900;
    for (int tries = 1;; ++tries) {
        const Lateness lateness;
        FaultScene scene(options(), {first, second}, 1);
        Stream stream(scene.fabric, v6());
        must(scene.fault(1).fire());
        const Nanoseconds before = real_time();
        must(scene.fault(0).fire());
        const Nanoseconds after = real_time();
        std::vector<Arrival> arrivals;
        std::thread reader([&] { arrivals = stream.receive(); });
        stream.send(count, milliseconds(1));
        reader.join();
        if (lateness.longest_ms() > 200 && tries < 5) continue;
        const HeldCount held = scene.table.holder()->count(0, Direction::up, 1);
        EXPECT_EQ(held.packets, count);
        EXPECT_EQ(held.lost, count - arrivals.size());
        EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end(),
                                   [](const Arrival& a, const Arrival& b) { return a.number < b.number; }));
        std::map<std::uint32_t, Arrival> came;
        for (const Arrival& one : arrivals) came[one.number] = one;
        std::vector<double> late_ms;
        int judged = 0;
        Nanoseconds sent = before;  // of the last that came: when those that did not were sent is not known
        for (std::uint32_t number = 1; number <= count; ++number) {
            const auto found = came.find(number);
            if (found != came.end()) sent = found->second.sent;
            // A change of the trace within this time makes it unclear which step counts.
            constexpr Nanoseconds unclear = milliseconds(40);
            const TraceSpan span = span_of({trace, false}, std::max(sent - after - unclear, Nanoseconds(0)),
                                           std::max(sent - before + unclear, Nanoseconds(1)));
            if (span.least_loss != span.most_loss) continue;
            ++judged;
            EXPECT_EQ(found == came.end(), draws.loses(number, span.most_loss)) << "packet " << number;
            if (found == came.end() || span.least_delay != span.most_delay) continue;
            const Nanoseconds late = found->second.on_way() - span.most_delay - down_delay;
            EXPECT_GE(late, Nanoseconds(0)) << "packet " << number;
            late_ms.push_back(std::chrono::duration<double, std::milli>(late).count());
        }
        EXPECT_GT(judged, 300);
        fmt::print("late: p50 {:.3f} ms, p99 {:.3f} ms\n", quantile_ms(late_ms, 0.5),
                   quantile_ms(late_ms, 0.99));
        EXPECT_LT(quantile_ms(late_ms, 0.5), 5 * time_scale());
        return;
    }
}

TEST_P(HoldTest, TheNextFiringBeginsTheListAnew) {
    QueueSpec spec;
    spec.duplicate = 0.3;
    const Hold hold = lists_of(spec);
    FaultScene scene(options(), {plan_of(hold)}, 1);
    Stream stream(scene.fabric, v6());
    for (int firing = 0; firing < 3; ++firing) {
        must(scene.fault().fire());
        stream.send(200, Nanoseconds(0));
        std::this_thread::sleep_for(until_all_met);
        must(scene.fault().heal());
        const auto times = times_of(stream.receive());
        ASSERT_EQ(times.size(), 200U);
        for (const auto& [number, count] : times)
            EXPECT_EQ(count, hold.up.list.at(number).copied ? 2 : 1) << "packet " << number;
    }
}

TEST_P(HoldTest, AStallHoldsAllAndDeliversItInOrderWhenItEnds) {
    Hold hold;
    hold.up.stalls = hold.down.stalls = true;
    FaultScene scene(options(), {plan_of(hold)}, 1);
    Stream stream(scene.fabric, v6());
    for (int firing = 0; firing < 2; ++firing) {
        must(scene.fault().fire());
        stream.send(100, Nanoseconds(0));
        EXPECT_FALSE(stream.receive_one());
        const Nanoseconds healed = real_time();
        must(scene.fault().heal());
        const auto arrivals = stream.receive();
        ASSERT_EQ(arrivals.size(), 100U);
        for (std::uint32_t i = 0; i < 100; ++i) {
            EXPECT_EQ(arrivals[i].number, i + 1);
            EXPECT_GE(arrivals[i].arrived, healed);
        }
        stream.send(1, Nanoseconds(0));
        EXPECT_TRUE(stream.receive_one());
    }
}

TEST_P(HoldTest, ADripLetsSoManyBytesPassInASecond) {
    Hold hold;
    constexpr double bytes_a_second = 10'000;
    hold.up.pace = hold.down.pace = Pace{8 * bytes_a_second, 8 * bytes_a_second, {}};
    FaultScene scene(options(), {plan_of(hold)}, 1);
    Stream stream(scene.fabric, v6());
    must(scene.fault().fire());
    stream.send(10, Nanoseconds(0), 500);
    const auto arrivals = stream.receive();
    ASSERT_EQ(arrivals.size(), 10U);
    const double packet = 500 + 8 + (v6() ? 40 : 20);
    for (std::uint32_t i = 0; i < 10; ++i) {
        EXPECT_EQ(arrivals[i].number, i + 1);
        EXPECT_GE(seconds(arrivals[i].arrived - arrivals[0].sent), packet * (i + 1) / bytes_a_second - 1e-6);
    }
    must(scene.fault().heal());
}

TEST_P(HoldTest, DelaysOfTwoFaultsAddUpAndARateComesAfterThem) {
    QueueSpec spec, slow;
    spec.delay = milliseconds(30);
    slow.bits_per_second = 1'000'000;
    slow.queue_time = std::chrono::seconds(1);
    const FaultPlan late = plan_of(lists_of(spec));
    FaultPlan rate = late;
    rate.action = Queue{slow};
    FaultScene scene(options(), {late, rate, late}, 1);
    Stream stream(scene.fabric, v6());
    for (const std::size_t number : {0, 1, 2}) must(scene.fault(number).fire());
    stream.send(60, Nanoseconds(0), 1000);
    const auto arrivals = stream.receive();
    ASSERT_EQ(arrivals.size(), 60U);
    for (const Arrival& one : arrivals) EXPECT_GE(one.on_way(), milliseconds(60));
    // 16 KiB pass at once.
    const double whole_s = 60 * 1062.0 * 8 / 1e6, at_once_s = 16'384 * 8 / 1e6;
    EXPECT_GE(seconds(arrivals.back().arrived - arrivals.front().sent), 0.06 + whole_s - at_once_s - 0.05);
}

TEST_P(HoldTest, TcpTakesItsRoundTripAndItsBytesPass) {
    QueueSpec spec;
    spec.delay = milliseconds(1);
    FaultPlan plan = plan_of(lists_of(spec));
    plan.filter.direction = Direction::both;
    FaultScene scene(options(), {plan}, 1);
    must(scene.fault().fire());
    const TcpPair pair(scene.fabric, 1, 0, v6());
    constexpr std::size_t bytes = 64 << 20;
    const double took = seconds_on(pair, bytes);
    RecordProperty("mbit_per_second", fmt::format("{:.0f}", bytes * 8 / took / 1e6));
    fmt::print("{:.0f} Mbit/s\n", bytes * 8 / took / 1e6);
    EXPECT_GT(bytes * 8 / took / 1e6, 20);
    const auto missed = must(scene.table.holder()->missed());
    EXPECT_EQ(missed.unread + missed.no_room, 0U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
