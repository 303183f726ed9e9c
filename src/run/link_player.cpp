// SPDX-License-Identifier: Apache-2.0
#include "run/link_player.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/difference.h"
#include "base/thread.h"

namespace netcut {

LinkPlayer::LinkPlayer(boost::asio::io_context& io, Access& access, std::vector<Side> sides, unsigned mtu,
                       Nanoseconds window, Observer observer)
    : io_(io),
      access_(access),
      window_(window),
      observer_(std::move(observer)),
      alive_(std::make_shared<LinkPlayer*>(this)) {
    playing_.reserve(sides.size());
    for (Side& side : sides) {
        TraceCursor cursor(side.play);
        playing_.push_back({std::move(side), std::move(cursor), LinkPacer(mtu)});
    }
}

LinkPlayer::~LinkPlayer() {
    *alive_ = nullptr;
    end_thread();
}

Result<void> LinkPlayer::prepare() {
    return set_rates(0, Nanoseconds(0));
}

Result<void> LinkPlayer::start() {
    begin_ = read_ = Clock::now();
    NETCUT_ASSIGN(thread_, start_thread("play traces on links", [this] { run(); }));
    return {};
}

void LinkPlayer::end_thread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void LinkPlayer::stop() {
    if (!thread_.joinable()) return;
    end_thread();
    const auto now = Clock::now();
    // The stretch is not over.
    const Nanoseconds into = (now - begin_) % step;
    for (Playing& one : playing_) one.bits += one.coming * seconds(into) / seconds(step);
    (void)read(now);
}

// --- on its thread ---

void LinkPlayer::run() {
    ::pthread_setname_np(::pthread_self(), "links");
    std::unique_lock lock(mutex_);
    Nanoseconds last_read{0};
    for (std::int64_t number = 1;;) {
        if (wake_.wait_until(lock, begin_ + number * step, [this] { return stopping_; })) break;
        lock.unlock();
        const Nanoseconds since = Clock::now() - begin_;
        number = since / step;  // later ones that were missed are made up for by this one
        auto done = set_rates(number, since - number * step);
        if (done && since - last_read >= window_) {
            last_read = number * step;
            done = read(Clock::now());
        }
        if (!done)
            tell([error = std::move(done).error()](LinkPlayer& player) { player.observer_.failed(error); });
        sum_.cpu = thread_cpu_time();
        ++number;
        lock.lock();
    }
}

Result<void> LinkPlayer::set_rates(std::int64_t number, Nanoseconds late) {
    const Nanoseconds begin = number * step;
    std::vector<Access::Change> changes;
    for (Playing& one : playing_) {
        one.bits += one.coming + one.cursor.advance(begin);
        one.coming = one.cursor.advance(begin + step);
        if (const auto pace = one.pacer.step(one.coming, step, late))
            changes.push_back({one.side.node, one.side.up, *pace});
    }
    sum_.changes += changes.size();
    sum_.latest = std::max(sum_.latest, late);
    return access_.set(changes);
}

Result<void> LinkPlayer::read(Clock::time_point to) {
    NETCUT_ASSIGN(const auto counts, access_.count());
    Window window{read_, to, {}};
    window.flows.reserve(playing_.size());
    for (Playing& one : playing_) {
        const auto& [up, down] = counts[one.side.node];
        const LinkCount& now = one.side.up ? up : down;
        const HeldCount held = observer_.held ? observer_.held(one.side) : HeldCount{};
        window.flows.push_back({static_cast<std::uint64_t>(one.bits / 8),
                                difference(now.bytes, one.told.bytes),
                                difference(now.lost, one.told.lost),
                                now.waiting,
                                {held.packets - one.told_held.packets, held.lost - one.told_held.lost}});
        one.told_held = held;
        one.told = now;
        one.bits = 0;
    }
    read_ = to;
    tell([window = std::move(window)](LinkPlayer& player) { player.observer_.seen(window); });
    return {};
}

void LinkPlayer::tell(std::function<void(LinkPlayer&)> what) {
    boost::asio::post(io_, [alive = alive_, what = std::move(what)] {
        if (*alive != nullptr) what(**alive);
    });
}

}  // namespace netcut
