// SPDX-License-Identifier: Apache-2.0
//
// What becomes of packets that we hold, as their receiver sees it: with its own clock, and the numbers that are in them.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/udp.h>
#include <sched.h>

#include <algorithm>
#include <map>

#include "e2e/crowd.h"
#include "fabric/fabric.h"
#include "fault/fault.h"
#include "fault/holder.h"
#include "fault/plan.h"
#include "hold/hold_list.h"
#include "kernel/address.h"
#include "kernel/fault_scene.h"
#include "link/queue.h"
#include "time_scale.h"

namespace netcut::test {

using std::chrono::milliseconds;

inline constexpr std::uint64_t hold_seed = 7;
inline constexpr std::uint32_t hold_period = 10'000;

inline Hold lists_of(const QueueSpec& spec, std::uint32_t period = hold_period) {
    Hold hold;
    hold.up.list = must(HoldList::make(spec, hold_seed, period));
    hold.down.list = must(HoldList::make(spec, hold_seed + 1, period));
    return hold;
}

// What the second node sends.
inline FaultPlan plan_of(const Hold& hold) {
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

inline Nanoseconds real_time() {
    return std::chrono::system_clock::now().time_since_epoch();
}

// Packets of a thread that moves to another processor may overtake those that the first one has not passed on yet.
class OnOneCpu {
  public:
    OnOneCpu() {
        ::sched_getaffinity(0, sizeof(before_), &before_);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(::sched_getcpu(), &one);
        ::sched_setaffinity(0, sizeof(one), &one);
    }
    ~OnOneCpu() { ::sched_setaffinity(0, sizeof(before_), &before_); }
    OnOneCpu(const OnOneCpu&) = delete;
    OnOneCpu& operator=(const OnOneCpu&) = delete;

  private:
    cpu_set_t before_{};
};

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
        const OnOneCpu here;
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

inline std::map<std::uint32_t, int> times_of(const std::vector<Arrival>& arrivals) {
    std::map<std::uint32_t, int> times;
    for (const Arrival& one : arrivals) ++times[one.number];
    return times;
}

inline double quantile_ms(std::vector<double> values, double part) {
    std::sort(values.begin(), values.end());
    return values.at(static_cast<std::size_t>(part * static_cast<double>(values.size() - 1)));
}

// The kernel may have put off what was sent, to when no program wants the processor.
inline constexpr auto until_all_met = milliseconds(50), at_most_until_all_met = milliseconds(1000);

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

}  // namespace netcut::test
