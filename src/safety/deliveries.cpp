// SPDX-License-Identifier: Apache-2.0
#include "safety/deliveries.h"

#include <netinet/in.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "fault/plan.h"
#include "scenario/scenario.h"

namespace netcut {
namespace {

constexpr std::size_t most_open = 1 << 16;  // that are open
constexpr std::size_t most_gaps = 4096;     // of one way of a connection
constexpr Nanoseconds pause_between = std::chrono::milliseconds(50);

}  // namespace

std::uint64_t InSequence::take(std::uint32_t seq, std::uint32_t length) {
    const auto ahead = static_cast<std::int32_t>(seq - next_);
    const std::int64_t end = std::int64_t{ahead} + length;
    if (end <= 0) return 0;
    std::uint32_t to = static_cast<std::uint32_t>(end);
    if (ahead > 0) {
        if (later_.size() >= most_gaps) {
            exact_ = false;
            return 0;
        }
        std::uint32_t& known = later_[static_cast<std::uint32_t>(ahead)];
        known = std::max(known, to);
        return 0;
    }
    for (auto next = later_.begin(); next != later_.end() && next->first <= to; next = later_.erase(next))
        to = std::max(to, next->second);
    std::map<std::uint32_t, std::uint32_t> rest;
    for (const auto& [from, until] : later_) rest[from - to] = until - to;
    later_ = std::move(rest);
    next_ += to;
    return to;
}

const std::string* DeliveryFollower::owner_of(const IpAddress& address) const {
    const auto found = owners_.find(address.to_string());
    return found == owners_.end() ? nullptr : &found->second;
}

void DeliveryFollower::take(const PacketHeader& header, Nanoseconds t) {
    if (!header.tcp) return;
    const TcpFields& tcp = *header.tcp;
    const Key key{header.source, header.source_port, header.destination, header.destination_port};
    const Key turned{header.destination, header.destination_port, header.source, header.source_port};
    const bool syn = (tcp.flags & tcp_flag::syn) != 0, ack = (tcp.flags & tcp_flag::ack) != 0;
    if (syn && !ack) return open(key, header, t);
    auto found = connections_.find(key);
    const bool by_opener = found != connections_.end();
    if (!by_opener) found = connections_.find(turned);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    const bool up = by_opener != connection.is_down_first;
    InSequence& way = up ? connection.up : connection.down;
    if (syn) {
        if (!way.is_known()) way.begin(tcp.seq + 1);
        return;
    }
    if (way.is_known() && header.payload > 0)
        if (const std::uint64_t bytes = way.take(tcp.seq, header.payload); bytes > 0) {
            if (up && begins_next(connection.run, bytes, t)) end(connection);
            up ? take_up(connection, bytes, t) : take_down(connection, bytes, t);
        }
    if ((tcp.flags & tcp_flag::fin) != 0)
        (up ? connection.up_ends : connection.down_ends) = tcp.seq + header.payload;
    const bool closed = connection.up_ends && connection.down_ends &&
                        connection.up.has_all_before(*connection.up_ends) &&
                        connection.down.has_all_before(*connection.down_ends);
    if (!closed && (tcp.flags & tcp_flag::rst) == 0) return;
    close(connection);
    connections_.erase(found);
}

void DeliveryFollower::open(const Key& key, const PacketHeader& header, Nanoseconds t) {
    const std::string* const from = owner_of(header.source);
    const std::string* const to = owner_of(header.destination);
    if (from == nullptr || to == nullptr || (*from == aggregator_name) == (*to == aggregator_name)) return;
    const auto known = connections_.find(key);
    // The same SYN once more, or another connection between the same ends.
    if (known != connections_.end()) {
        InSequence& way = known->second.is_down_first ? known->second.down : known->second.up;
        if (way.has_all_before(header.tcp->seq + 1)) return;
        close(known->second);
        connections_.erase(known);
    }
    if (connections_.size() >= most_open) {
        exact_ = false;
        return;
    }
    Connection& connection = connections_[key];
    connection.is_down_first = *from == aggregator_name;
    connection.node = connection.is_down_first ? *to : *from;
    connection.local_port = connection.is_down_first ? header.destination_port : header.source_port;
    connection.port = connection.is_down_first ? header.source_port : header.destination_port;
    (connection.is_down_first ? connection.down : connection.up).begin(header.tcp->seq + 1);
    connection.run.from = connection.run.to = t;
}

// On a connection that is kept, and after a quiet wire: what goes up when what was asked for has come. An upload is never
// parted: on a crowded machine it pauses for long, and something small comes down meanwhile.
bool DeliveryFollower::begins_next(const Run& run, std::uint64_t bytes, Nanoseconds t) const {
    return bytes > largest_control && run.down >= least_delivery && t - run.last_down >= pause_between;
}

void DeliveryFollower::take_up(Connection& connection, std::uint64_t bytes, Nanoseconds t) {
    Run& run = connection.run;
    if (run.up + run.down == 0 && t > run.to) run.from = std::max(run.from, run.to);
    run.up += bytes;
    run.to = t;
}

void DeliveryFollower::take_down(Connection& connection, std::uint64_t bytes, Nanoseconds t) {
    Run& run = connection.run;
    if (run.down < least_delivery && run.down + bytes >= least_delivery) run.down_from = t;
    run.down += bytes;
    run.to = run.last_down = t;
}

void DeliveryFollower::end(Connection& connection) {
    exact_ = exact_ && connection.up.is_exact() && connection.down.is_exact();
    const Run run = std::exchange(connection.run, Run{.from = connection.run.to, .to = connection.run.to});
    if (run.up + run.down > 0) connection.is_told = run.up >= least_delivery || run.down >= least_delivery;
    if (run.up < least_delivery && run.down < least_delivery) return;
    tell_(connection.node, event::Delivered{connection.local_port, connection.port, run.from, run.to, run.up,
                                            run.down, run.down_from});
}

void DeliveryFollower::close(Connection& connection) {
    end(connection);
    if (!connection.is_told || !connection.up_ends || !connection.up.has_all_before(*connection.up_ends))
        return;
    const Nanoseconds t = connection.run.to;
    tell_(connection.node, event::Delivered{connection.local_port, connection.port, t, t, 0, 0, {}});
}

void DeliveryFollower::finish() {
    for (auto& [key, connection] : connections_) close(connection);
    connections_.clear();
}

}  // namespace netcut
