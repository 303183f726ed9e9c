// SPDX-License-Identifier: Apache-2.0
#include "digest/connection_lanes.h"

#include <algorithm>

#include "digest/page_time.h"

namespace netcut {
namespace {

constexpr std::size_t most_lanes = 4'000;
constexpr std::size_t most_drawn = 40'000, most_drawn_of_a_lane = 400;

// Between two looks TCP may have tried more than once; where it tries something else it counts from 1 again.
std::uint64_t more_attempts(std::uint32_t before, std::uint32_t now) {
    return now > before ? now - before : std::max<std::uint32_t>(now, 1);
}

}  // namespace

void ConnectionLanes::take(std::size_t node, std::optional<std::size_t> peer, Nanoseconds t,
                           const event::ConnectionChanged& changed) {
    more_changes_ += changed.untold;
    const TcpSocket& socket = changed.socket;
    const Key key{node, end_point_text(socket.local, socket.local_port),
                  end_point_text(socket.remote, socket.remote_port)};
    // The same ports may be opened anew, before anybody has seen the old connection go.
    if (changed.change == ConnectionChange::opened) open_.erase(key);
    Lane* lane = lane_of(key, peer, t);
    if (lane == nullptr) return;
    if (lane->sent_again) lane->longest_wait = std::max(lane->longest_wait, t - *lane->sent_again);
    lane->sent_again.reset();
    const std::uint32_t attempts = changed.timers.attempts;
    switch (changed.change) {
        case ConnectionChange::resent:
            lane->resent += more_attempts(lane->attempts, attempts);
            lane->sent_again = t;
            break;
        case ConnectionChange::probed:
            lane->probes += more_attempts(lane->attempts, attempts);
            break;
        case ConnectionChange::window_full:
            lane->full += 1;
            break;
        default:
            break;
    }
    const bool tries = changed.change == ConnectionChange::resent ||
                       changed.change == ConnectionChange::probed ||
                       changed.change == ConnectionChange::window_full;
    lane->attempts = tries ? attempts : 0;
    lane->state = socket.state;
    draw(*lane, {t, changed.change, socket.state, attempts, changed.timers.rto_us});
    if (changed.change != ConnectionChange::gone) return;
    lane->to = t;
    open_.erase(key);
}

// Null: there are too many.
ConnectionLanes::Lane* ConnectionLanes::lane_of(const Key& key, std::optional<std::size_t> peer,
                                                Nanoseconds t) {
    if (const auto known = open_.find(key); known != open_.end()) return &lanes_[known->second];
    if (lanes_.size() >= most_lanes) {
        ++more_lanes_;
        return nullptr;
    }
    open_[key] = lanes_.size();
    lanes_.push_back({std::get<0>(key), peer, std::get<1>(key), std::get<2>(key), t, {}});
    return &lanes_.back();
}

// The end of a connection is always drawn.
void ConnectionLanes::draw(Lane& lane, Mark mark) {
    const bool full = marks_ >= most_drawn || lane.marks.size() >= most_drawn_of_a_lane;
    if (full && mark.change != ConnectionChange::gone) {
        ++lane.left_out;
        ++more_changes_;
        return;
    }
    ++marks_;
    lane.marks.push_back(std::move(mark));
}

Json ConnectionLanes::Lane::to_json() const {
    Json drawn = Json::array();
    for (const Mark& mark : marks)
        drawn.push_back({microseconds(mark.t), word_of(mark.change), mark.state, mark.attempts, mark.rto_us});
    Json lane = {{"node", node},
                 {"peer", nullptr},
                 {"local", local},
                 {"remote", remote},
                 {"from_us", microseconds(from)},
                 {"to_us", nullptr},
                 {"state", state},
                 {"marks", std::move(drawn)}};
    if (peer) lane["peer"] = *peer;
    if (to) lane["to_us"] = microseconds(*to);
    if (resent > 0) lane["resent"] = resent;
    if (probes > 0) lane["probes"] = probes;
    if (full > 0) lane["full"] = full;
    if (longest_wait > Nanoseconds(0)) lane["longest_wait_us"] = microseconds(longest_wait);
    if (left_out > 0) lane["left_out"] = left_out;
    return lane;
}

Json ConnectionLanes::data() const {
    Json lanes = Json::array();
    for (const Lane& lane : lanes_) lanes.push_back(lane.to_json());
    return lanes;
}

}  // namespace netcut
