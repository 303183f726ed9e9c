// SPDX-License-Identifier: Apache-2.0
//
// Holds packets: takes those that faults have marked from the kernel, and sends each on when its time has come, by one thread of
// its own. What is done to them is hold_queue.h's to say.
//
// While the thread works it keeps an element of the faults' table (`holder`) alive. If it stands still, because the program is
// stopped or has died, the element ends within `lease`, and then rules let packets pass, or lose them, as each fault says.
//
// Ownership: a Holder owns its thread, and refers to the Fabric when it starts only. Threads: it may be told of things by one
// thread at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fault/held_frames.h"
#include "fault/hold_plan.h"
#include "hold/hold_queue.h"
#include "kernel/address.h"
#include "kernel/frame_sender.h"
#include "kernel/frame_tap.h"
#include "kernel/netlink.h"

namespace netcut {

class Holder {
  public:
    static constexpr std::chrono::milliseconds lease{1000};
    // The devices and the table of this family are there.
    static Result<std::unique_ptr<Holder>> start(const Fabric& fabric, std::uint8_t family, HoldPlan plan);
    ~Holder();
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    // The fault is on; it is off, from now on, and packets that come later are of its next firing.
    void fired(std::size_t fault) { tell_fault(fault, true); }
    void healed(std::size_t fault) { tell_fault(fault, false); }
    // The node has another address or MAC.
    void changed(const Fabric& fabric, std::size_t node);

    // What was not held although it was to be, since the start. All of it is lost.
    struct Missed {
        std::uint64_t unread = 0;   // came faster than it was read
        std::uint64_t no_room = 0;  // more waits already than may
        std::uint64_t unsent = 0;   // the link that it was for took nothing
        bool any() const { return unread + no_room + unsent > 0; }
    };
    Result<Missed> missed();
    // Times for which the thread stood still for longer than `lease`: packets passed, or were lost, as each fault says.
    struct Lapses {
        std::uint64_t times = 0;
        Nanoseconds lasted{0};
    };
    Lapses lapses() const { return {lapses_, Nanoseconds(lapsed_ns_)}; }
    // Of a node's link, in the streams of this plan. Threads: any.
    HeldCount count(std::size_t fault, Direction way, std::size_t node) const;
    // An error of its thread, which has ended then.
    Result<void> check();

  private:
    // What the thread is told, in the order of the times.
    struct Note {
        Nanoseconds when{0};  // CLOCK_REALTIME
        enum class Kind { fired, healed, changed } kind = Kind::changed;
        std::vector<std::size_t> streams{};
        std::size_t node = 0;
        MacAddress mac{};
        int link = 0;
        std::vector<IpAddress> addresses{};
    };
    struct Receiver {
        int link = 0;
        std::size_t node = 0;
    };
    struct Blocked {
        std::uint32_t handle = 0;
        unsigned times = 0;
    };

    Holder(HoldPlan plan, std::uint8_t family, NetlinkSocket socket);
    Result<void> open(const Fabric& fabric);
    void note_sites(const Sites& sites, std::size_t outside);
    void note_node(const NodeLink& node, std::size_t number);
    void tell_fault(std::size_t fault, bool on);
    void tell(Note note);
    // On the thread:
    void run();
    Result<void> work();
    Result<void> renew();
    void note_lapse(Clock::time_point now);
    void read_all();
    void take_notes(std::optional<Nanoseconds> until);
    void apply(const Note& note);
    void take(std::size_t path, const TappedFrame& frame);
    std::size_t sender_of(const TappedFrame& frame) const;
    void pass(std::uint32_t handle, unsigned copies);
    void send(const Blocked& frame);
    void send_blocked();
    void wait();

    HoldPlan plan_;
    const std::uint8_t family_;
    NetlinkSocket socket_;
    std::vector<FrameTap> taps_;        // by path
    std::vector<FrameSender> senders_;  // by path
    std::map<MacAddress, Receiver> receivers_;
    std::map<IpAddress, std::size_t> nodes_;
    HeldFrames frames_;
    HoldQueue queue_;
    std::deque<Blocked> blocked_;
    Clock::time_point renew_at_{};
    std::optional<Clock::time_point> holds_until_;  // without us
    Nanoseconds to_steady_{0};                      // what makes a time of CLOCK_REALTIME one of Clock

    Fd wake_;
    std::mutex mutex_;
    std::deque<Note> told_;  // under the mutex, as is the error
    std::optional<Error> error_;
    std::deque<Note> notes_;  // the thread's
    std::atomic<bool> stops_ = false;
    std::atomic<std::uint64_t> unread_ = 0, no_room_ = 0, unsent_ = 0, lapses_ = 0;
    std::atomic<std::int64_t> lapsed_ns_ = 0;
    std::thread thread_;
};

}  // namespace netcut
