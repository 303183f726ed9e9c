// SPDX-License-Identifier: Apache-2.0
#include "digest/journal_digest.h"

#include "kernel/sockdiag.h"
#include "record/json_access.h"

namespace netcut {
namespace {

// What a page can show and a reader can take in; what is beyond is counted, and said.
constexpr std::size_t most_nodes = 2000;
constexpr std::size_t most_bytes = std::size_t{64} << 20;  // of lines
constexpr std::size_t most_spans = 600'000;  // all nodes together, as most_steps and most_progress
constexpr std::size_t most_steps = 300'000;
constexpr std::size_t most_progress = 20'000;
constexpr std::size_t most_marks = 20'000;
constexpr std::size_t most_bands = 2'000;
constexpr std::size_t most_sockets = 1'500;

std::size_t share(std::size_t of, std::size_t nodes, std::size_t least, std::size_t most) {
    return std::clamp(of / std::max<std::size_t>(nodes, 1), least, most);
}

// Longer than any run, and no more than the integers that JavaScript has.
constexpr std::int64_t latest = 9007199254740991;

bool is_interval(Nanoseconds from, Nanoseconds to) {
    return from >= Nanoseconds(0) && from <= to && to <= Nanoseconds(latest);
}

std::uint64_t bounded(std::uint64_t bytes) {
    return std::min<std::uint64_t>(bytes, latest);
}

}  // namespace

JournalDigest::JournalDigest() : state_({most_nodes, most_nodes, most_bands, most_bytes, false}) {}

void JournalDigest::take(const Event& event) {
    if (!is_interval(event.t, event.t)) return take_unreadable();
    length_ = std::max(length_, event.t);
    state_.apply(event);
    std::visit(
        Cases{[&](const event::NodePhase& phase) { take_phase(event, phase.interval); },
              [&](const event::Traffic& traffic) { take_traffic(traffic); },
              [&](const event::NodeLink& link) { take_link(event, link); },
              [&](const event::LinksSeen& seen) { take_links(seen); },
              [&](const event::RunBegun&) { begin(event); },
              [&](const event::FabricBuilt& built) { take_addresses(built); },
              [&](const event::NodeReaddressed& changed) {
                  if (const auto node = node_number(event.node)) own(*node, changed.now);
              },
              [&](const event::NodeStarted&) { mark(event, "start"); },
              [&](const event::NodeExited& exited) {
                  mark(event,
                       exited.stopped_by_us    ? "stopped"
                       : exited.exit.success() ? "exit"
                                               : "failed",
                       exited.exit.text());
              },
              [&](const event::Progress& progress) { mark(event, "progress", progress.round); },
              [&](const event::TriggerMatched& matched) {
                  mark(event, matched.fires() ? "trigger" : "match", matched.line);
              },
              [&](const event::TriggerTripped& tripped) { mark(event, "tripped", tripped.packet); },
              [&](const event::NodeRecovered&) { mark(event, "recovered"); },
              [&](const event::SocketsSeen& seen) { take_sockets(event, seen); },
              [&](const event::ConnectionChanged& changed) { take_connection(event, changed); },
              [&](const event::HalfOpenSeen& seen) { take_half_open(event, seen); }, [](const auto&) {}},
        event.what);
}

void JournalDigest::begin(const Event& event) {
    if (!nodes_.empty()) return;  // it is the first event of a journal; a second one is no such event
    begun_wall_ = event.wall;
    const std::size_t count = state_.nodes().size();
    for (std::size_t i = 0; i < count; ++i)
        nodes_.emplace_back(share(most_spans, count, 500, 60'000), share(most_progress, count, 50, 5'000));
    traffic_.emplace(share(most_steps, count, 150, 2'000));
    for (auto* bins : {&capacity_, &delivered_, &delay_}) bins->emplace(share(most_steps, count, 150, 2'000));
}

void JournalDigest::mark(const Event& event, const char* kind, const std::string& text) {
    const auto node = node_number(event.node);
    if (!node) return;
    Mark mark{event.t, kind, clipped(text, most_text)};
    const bool common = kind == std::string_view("progress") || kind == std::string_view("match");
    if (common) return nodes_[*node].common.add(std::move(mark));
    if (nodes_[*node].marks.size() >= most_marks / nodes_.size() + 20)
        ++more_marks_;
    else
        nodes_[*node].marks.push_back(std::move(mark));
}

void JournalDigest::take_addresses(const event::FabricBuilt& built) {
    fabric_ = built.kind;
    for (const auto& [name, entry] : built.nodes) {
        const auto node = node_number(name);
        if (!node) continue;
        NodeDigest& digest = nodes_[*node];
        digest.mac = clipped(entry.mac, most_name);
        digest.addresses = Json::array();
        for (const std::string& address : entry.addresses)
            if (digest.addresses.size() < 8) digest.addresses.push_back(clipped(address, most_name));
        own(*node, entry);
    }
}

void JournalDigest::own(std::size_t node, const event::Addresses& now) {
    for (const std::string& address : now.addresses)
        if (address.size() <= most_name && owners_.size() < 8 * most_nodes) owners_[address] = node;
}

void JournalDigest::take_connection(const Event& event, const event::ConnectionChanged& changed) {
    const auto node = node_number(event.node);
    if (!node) return take_unreadable();
    const auto peer = owners_.find(changed.socket.remote.to_string());
    connections_.take(*node, peer == owners_.end() ? std::nullopt : std::optional(peer->second), event.t,
                      changed);
}

void JournalDigest::take_phase(const Event& event, const PhaseInterval& interval) {
    const auto node = node_number(event.node);
    if (!node || !is_interval(interval.from, interval.to) || interval.to == Nanoseconds(0))
        return take_unreadable();
    length_ = std::max(length_, interval.to);
    const auto phase = static_cast<std::uint8_t>(interval.phase);
    nodes_[*node].phases.add({interval.from, interval.to, phase});
    PhaseTotal& total = nodes_[*node].totals[phase];
    ++total.count;
    total.took += interval.to - interval.from;
    total.sent += bounded(interval.sent);
    total.received += bounded(interval.received);
}

void JournalDigest::take_link(const Event& event, const event::NodeLink& link) {
    const auto node = node_number(event.node);
    if (!node) return take_unreadable();
    for (std::size_t way = 0; way < 2; ++way)
        if (const auto& side = way == 0 ? link.up : link.down)
            nodes_[*node].link[way].what = clipped(side->what, most_name);
}

void JournalDigest::take_links(const event::LinksSeen& seen) {
    const Nanoseconds from = seen.from_ns, to = seen.to_ns;
    if (!capacity_ || !is_interval(from, to) || from == to) return take_unreadable();
    length_ = std::max(length_, to);
    links_from_ = std::min(links_from_, from);
    links_until_ = std::max(links_until_, to);
    for (const auto& [name, use] : seen.nodes) {
        const auto node = node_number(name);
        if (!node) continue;
        TrafficBins::Bytes could{}, did{}, delay{};
        for (std::size_t way = 0; way < 2; ++way) {
            const auto& flow = way == 0 ? use.up : use.down;
            if (!flow) continue;
            LinkTotal& total = nodes_[*node].link[way];
            total.capacity += bounded(flow->capacity);
            total.delivered += bounded(flow->delivered);
            total.lost += bounded(flow->lost);
            total.lost_by_trace += bounded(flow->lost_by_trace);
            could[way] = static_cast<double>(bounded(flow->capacity));
            did[way] = static_cast<double>(bounded(flow->delivered));
            delay[way] = seconds(flow->delay_ns) * seconds(to - from);
        }
        capacity_->add(*node, from, to, could);
        delivered_->add(*node, from, to, did);
        delay_->add(*node, from, to, delay);
    }
}

void JournalDigest::take_traffic(const event::Traffic& traffic) {
    const Nanoseconds from = traffic.from_ns, to = traffic.to_ns;
    if (!traffic_ || !is_interval(from, to) || from == to) return take_unreadable();
    length_ = std::max(length_, to);
    for (const auto& [name, ways] : traffic.bytes) {
        const auto node = node_number(name);
        if (!node) continue;
        const std::uint64_t up = bounded(ways[0]), down = bounded(ways[1]);
        traffic_->add(*node, from, to, {static_cast<double>(up), static_cast<double>(down)});
        nodes_[*node].bytes[0] += up;
        nodes_[*node].bytes[1] += down;
    }
}

void JournalDigest::take_sockets(const Event& event, const event::SocketsSeen& seen) {
    Json& kept = seen.moment == SocketMoment::end ? end_sockets_ : sockets_;
    for (const TcpSocket& socket : seen.sockets) {
        if (kept.size() >= most_sockets) {
            ++more_sockets_;
            continue;
        }
        kept.push_back({{"us", event.t.count() / 1000},
                        {"moment", word_of(seen.moment)},
                        {"node", event.node},
                        {"local", end_point_text(socket.local, socket.local_port)},
                        {"remote", end_point_text(socket.remote, socket.remote_port)},
                        {"state", clipped(socket.state, most_name)},
                        {"unread_bytes", socket.receive_queue},
                        {"unacknowledged_bytes", socket.send_queue},
                        {"retransmits", socket.retransmits},
                        {"ms_since_received", socket.ms_since_received}});
    }
}

void JournalDigest::take_half_open(const Event& event, const event::HalfOpenSeen& seen) {
    if (half_open_.size() < most_sockets)
        half_open_.push_back({{"node", event.node},
                              {"peer", clipped(seen.peer, most_name)},
                              {"local", end_point_text(seen.socket.local, seen.socket.local_port)},
                              {"remote", end_point_text(seen.socket.remote, seen.socket.remote_port)}});
}

}  // namespace netcut
