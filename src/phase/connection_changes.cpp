// SPDX-License-Identifier: Apache-2.0
#include "phase/connection_changes.h"

#include <algorithm>

#include "kernel/zero_window.h"

namespace netcut {
namespace {

constexpr std::size_t all_at_once = 20'000, least_at_once = 20;
constexpr Nanoseconds one_more_a_node = std::chrono::milliseconds(100);

bool is_inside(const TcpSocket& socket) {
    return socket.remote.is_loopback() || socket.remote == socket.local;
}

// Its ports alone are kept.
bool is_over(const TcpSocket& socket) {
    return socket.state == "TIME_WAIT" || socket.state == "CLOSED";
}

bool asks(const TcpTimers& timers) {
    return timers.timer == TcpTimer::zero_window ||
           (timers.attempts > 0 &&
            (timers.timer == TcpTimer::retransmission || timers.timer == TcpTimer::keepalive));
}

std::optional<ConnectionChange> news(const TcpConnection& before, const TcpConnection& now) {
    const TcpTimers &then = before.timers, &timers = now.timers;
    const bool is_another = timers.timer != then.timer || timers.attempts > then.attempts;
    if (timers.timer == TcpTimer::zero_window && is_another)
        return is_window_full(now.socket, timers) ? ConnectionChange::window_full : ConnectionChange::resent;
    if (timers.timer == TcpTimer::keepalive && timers.attempts > 0 && is_another)
        return ConnectionChange::probed;
    if (now.socket.total_retransmits > before.socket.total_retransmits) return ConnectionChange::resent;
    return {};
}

}  // namespace

ConnectionChanges::Bounds ConnectionChanges::bounds_of(std::size_t nodes) {
    Bounds bounds;
    bounds.at_once = std::clamp(all_at_once / std::max<std::size_t>(nodes, 1), least_at_once, bounds.at_once);
    bounds.one_more = std::max(bounds.one_more, static_cast<std::int64_t>(nodes) * one_more_a_node);
    return bounds;
}

void ConnectionChanges::see(Nanoseconds when, const std::vector<TcpConnection>& all) {
    for (auto& [key, seen] : seen_) seen.is_there = false;
    for (const TcpConnection& now : all) {
        const TcpSocket& socket = now.socket;
        if (is_inside(socket) || is_over(socket)) continue;
        const auto [found, is_new] =
            seen_.try_emplace({socket.local, socket.local_port, socket.remote, socket.remote_port});
        Seen& seen = found->second;
        seen.is_there = true;
        if (is_new) {
            seen.connection = now;
            tell(when, ConnectionChange::opened, now);
        } else {
            compare(when, seen, now);
        }
    }
    for (auto one = seen_.begin(); one != seen_.end();) {
        if (!one->second.is_there) tell(when, ConnectionChange::gone, one->second.connection);
        one = one->second.is_there ? std::next(one) : seen_.erase(one);
    }
}

void ConnectionChanges::compare(Nanoseconds when, Seen& before, const TcpConnection& now) {
    const TcpConnection then = std::exchange(before.connection, now);
    if (const auto new_thing = news(then, now)) {
        before.unanswered = true;
        tell(when, *new_thing, now);
    } else if (before.unanswered && !asks(now.timers) && now.socket.send_queue <= now.socket.unsent) {
        before.unanswered = false;
        tell(when, ConnectionChange::answered, now);
    }
    if (then.socket.state != now.socket.state) tell(when, ConnectionChange::state, now);
}

void ConnectionChanges::tell(Nanoseconds when, ConnectionChange change, const TcpConnection& connection) {
    const auto more =
        static_cast<std::size_t>(std::max<std::int64_t>((when - refilled_) / bounds_.one_more, 0));
    refilled_ += static_cast<std::int64_t>(more) * bounds_.one_more;
    room_ = std::min(room_ + more, bounds_.at_once);
    const std::uint64_t before = untold_ ? untold_->second.untold + 1 : 0;
    Told told{when, {change, connection.socket, connection.timers, before}};
    if (room_ == 0) {
        untold_ = std::move(told);
        return;
    }
    --room_;
    untold_.reset();
    told_.push_back(std::move(told));
}

void ConnectionChanges::finish() {
    if (untold_) told_.push_back(*std::exchange(untold_, {}));
}

}  // namespace netcut
