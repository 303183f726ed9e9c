// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fabric/access.h"
#include "hold/hold_queue.h"
#include "link/pacer.h"
#include "link/trace.h"

namespace netcut {

// Plays traces on links, on a thread of its own: ten times a second it sets the rates of those that change, all in one batch, and
// from time to time reads what has passed.
class LinkPlayer {
  public:
    static constexpr Nanoseconds step = std::chrono::milliseconds(100);

    // One direction of a node's link.
    struct Side {
        std::size_t node;
        bool up;
        TracePlay play;
    };
    // Of that side, in the order of the sides: in bytes of frames, and in packets.
    struct Flow {
        std::uint64_t capacity = 0, delivered = 0, lost = 0, waiting = 0;
        HeldCount held{};
    };
    struct Window {
        Clock::time_point from, to;
        std::vector<Flow> flows;
    };
    struct Sum {
        std::uint64_t changes = 0;
        Nanoseconds latest{0}, cpu{0};
    };
    struct Observer {  // called on the thread of the io_context
        std::function<void(Window)> seen;
        std::function<void(Error)> failed;
        // On the player's thread: packets of a side so far that its trace could lose. Unset: none can.
        std::function<HeldCount(const Side& side)> held{};
    };
    // `access` must outlive it. `window`: how often what has passed is read, a multiple of `step`.
    LinkPlayer(boost::asio::io_context& io, Access& access, std::vector<Side> sides, unsigned mtu,
               Nanoseconds window, Observer observer);
    ~LinkPlayer();
    LinkPlayer(const LinkPlayer&) = delete;
    LinkPlayer& operator=(const LinkPlayer&) = delete;

    // Links are as at the beginning of their traces.
    Result<void> prepare();
    // Time passes from now on.
    Result<void> start();
    // What has passed is read for the last time, and told; then it has ended.
    void stop();
    const Sum& sum() const { return sum_; }  // after stop()

  private:
    struct Playing {
        Side side;
        TraceCursor cursor;
        LinkPacer pacer;
        double bits = 0;    // that could have passed since the last window
        double coming = 0;  // in the stretch that has begun
        LinkCount told{};
        HeldCount told_held{};
    };

    void run();
    Result<void> set_rates(std::int64_t number, Nanoseconds late);
    Result<void> read(Clock::time_point to);
    void tell(std::function<void(LinkPlayer&)> what);
    void end_thread();

    boost::asio::io_context& io_;
    Access& access_;
    std::vector<Playing> playing_;  // of the thread alone while it runs
    Nanoseconds window_;
    Observer observer_;
    std::shared_ptr<LinkPlayer*> alive_;  // null when it is gone
    Clock::time_point begin_{}, read_{};
    Sum sum_;
    std::mutex mutex_;  // of what follows
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace netcut
