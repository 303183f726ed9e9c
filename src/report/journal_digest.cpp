// SPDX-License-Identifier: Apache-2.0
#include "report/journal_digest.h"

#include "report/json_access.h"

namespace netcut {
namespace {

// What a page can show and a reader can take in; what is beyond is counted, and said.
constexpr std::size_t most_nodes = 2000;
constexpr std::size_t most_spans = 600'000;  // all nodes together, as most_steps and most_progress
constexpr std::size_t most_steps = 300'000;
constexpr std::size_t most_progress = 20'000;
constexpr std::size_t most_marks = 20'000;
constexpr std::size_t most_bands = 2'000;
constexpr std::size_t most_sockets = 1'500;
constexpr std::size_t most_text = 300;  // bytes
constexpr std::size_t most_name = 100;

std::size_t share(std::size_t of, std::size_t nodes, std::size_t least, std::size_t most) {
    return std::clamp(of / std::max<std::size_t>(nodes, 1), least, most);
}

std::optional<std::uint8_t> phase_number(const std::string& name) {
    const auto found = std::find(phase_names.begin(), phase_names.end(), name);
    if (found == phase_names.end()) return {};
    return static_cast<std::uint8_t>(found - phase_names.begin());
}

std::optional<Nanoseconds> time_of(const ParsedEvent& json) {
    const auto count = count_of(json);
    if (!count) return {};
    return Nanoseconds(*count);
}

}  // namespace

void JournalDigest::take(const ParsedEvent& event) {
    const auto t = time_of(member(event, "t_ns"));
    const std::string& name = text_of(member(event, "event"));
    if (!t || name.empty()) return take_unreadable();
    t_ = *t;
    length_ = std::max(length_, t_);
    const ParsedEvent& details = member(event, "details");
    // The first two are nearly all of a long journal.
    if (name == "node.phase") return take_phase(event);
    if (name == "traffic") return take_traffic(details);
    if (name == "run.begun") return begin(event);
    if (name == "fabric.built") return take_addresses(details);
    if (name == "node.started") return take_started(event);
    if (name == "node.exited") return take_exited(event);
    if (name == "node.listening") return take_listening(details);
    if (name == "run.stopping") stopping_ = Stopping{t_, parse_end_word(text_of(member(details, "end")))};
    if (name == "progress") return mark(event, "progress", text_of(member(details, "round")));
    if (name == "trigger.matched" || name == "trigger.tripped") return take_match(event);
    if (name == "fault.fired") return take_fired(event);
    if (name == "fault.healed") return take_healed(event);
    if (name == "node.recovered") return take_recovered(event);
    if (name == "sockets") return take_sockets(event);
    if (name == "socket.half_open" && half_open_.size() < most_sockets)
        half_open_.push_back({{"node", text_of(member(event, "node"))},
                              {"peer", clipped(text_of(member(details, "peer")), most_name)},
                              {"local", clipped(text_of(member(details, "local")), most_name)},
                              {"remote", clipped(text_of(member(details, "remote")), most_name)}});
}

void JournalDigest::begin(const ParsedEvent& event) {
    const ParsedEvent& details = member(event, "details");
    begun_wall_ = text_of(member(event, "wall"));
    begun_ = {{"name", text_of(member(details, "name"))},
              {"netcut_fl", text_of(member(details, "netcut_fl"))},
              {"kernel", text_of(member(details, "kernel"))},
              {"user", text_of(member(details, "user"))}};
    const ParsedEvent& names = member(details, "nodes");
    const std::size_t count = names.is_array() ? std::min(names.size(), most_nodes) : 0;
    if (!nodes_.empty()) return;  // it is the first event of a journal; a second one is no such event
    for (std::size_t i = 0; i < count; ++i) {
        const std::string& name = text_of(names[i]);
        if (node_numbers_.contains(name)) continue;
        node_numbers_[name] = nodes_.size();
        nodes_.emplace_back(name, share(most_spans, count, 500, 60'000),
                            share(most_progress, count, 50, 5'000));
    }
    traffic_.emplace(share(most_steps, count, 150, 2'000));
}

void JournalDigest::mark(const ParsedEvent& event, const char* kind, std::string text) {
    const auto node = node_number(text_of(member(event, "node")));
    if (!node) return;
    Mark mark{t_, kind, clipped(text, most_text)};
    const bool common = kind == std::string_view("progress") || kind == std::string_view("match");
    if (common) return nodes_[*node].common.add(std::move(mark));
    if (nodes_[*node].marks.size() >= most_marks / nodes_.size() + 20)
        ++more_marks_;
    else
        nodes_[*node].marks.push_back(std::move(mark));
}

void JournalDigest::take_started(const ParsedEvent& event) {
    mark(event, "start", {});
    const auto node = node_number(text_of(member(event, "node")));
    if (!node) return;
    nodes_[*node].started = t_;
    nodes_[*node].exited.reset();
}

void JournalDigest::take_exited(const ParsedEvent& event) {
    const ParsedEvent& details = member(event, "details");
    const bool by_us = member(details, "stopped_by_us") == true;
    mark(event, by_us ? "stopped" : "exit", text_of(member(details, "status")));
    const auto node = node_number(text_of(member(event, "node")));
    if (!node) return;
    nodes_[*node].exited = t_;
    nodes_[*node].stopped_by_us = by_us;
}

void JournalDigest::take_listening(const ParsedEvent& details) {
    const ParsedEvent& addresses = member(details, "addresses");
    if (member(details, "reachable") != false || !addresses.is_array()) return;
    for (const ParsedEvent& address : addresses)
        if (unreachable_at_.size() < 16) unreachable_at_.push_back(clipped(text_of(address), most_name));
}

void JournalDigest::take_addresses(const ParsedEvent& details) {
    fabric_ = text_of(member(details, "kind"));
    const ParsedEvent& all = member(details, "nodes");
    if (!all.is_object()) return;
    for (const auto& [name, entry] : all.items()) {
        const auto node = node_number(name);
        if (!node) continue;
        NodeDigest& digest = nodes_[*node];
        digest.mac = clipped(text_of(member(entry, "mac")), most_name);
        digest.addresses = Json::array();
        const ParsedEvent& addresses = member(entry, "addresses");
        if (!addresses.is_array()) continue;
        for (const ParsedEvent& address : addresses)
            if (digest.addresses.size() < 8) digest.addresses.push_back(clipped(text_of(address), most_name));
    }
}

void JournalDigest::take_phase(const ParsedEvent& event) {
    const ParsedEvent& details = member(event, "details");
    const auto node = node_number(text_of(member(event, "node")));
    const auto phase = phase_number(text_of(member(details, "phase")));
    const auto from = time_of(member(details, "from_ns"));
    const auto to = time_of(member(details, "to_ns"));
    if (!node || !phase || !from || !to || *to < *from) return take_unreadable();
    length_ = std::max(length_, *to);
    nodes_[*node].phases.add({*from, *to, *phase});
    PhaseTotal& total = nodes_[*node].totals[*phase];
    ++total.count;
    total.took += *to - *from;
    total.sent += count_of(member(details, "sent")).value_or(0);
    total.received += count_of(member(details, "received")).value_or(0);
}

void JournalDigest::take_traffic(const ParsedEvent& details) {
    const auto from = time_of(member(details, "from_ns"));
    const auto to = time_of(member(details, "to_ns"));
    const ParsedEvent& bytes = member(details, "bytes");
    if (!traffic_ || !from || !to || *to <= *from || !bytes.is_object()) return take_unreadable();
    length_ = std::max(length_, *to);
    for (const auto& [name, ways] : bytes.items()) {
        const auto node = node_number(name);
        if (!node || !ways.is_array() || ways.size() != 2) continue;
        const std::int64_t up = count_of(ways[0]).value_or(0), down = count_of(ways[1]).value_or(0);
        traffic_->add(*node, *from, *to, {static_cast<double>(up), static_cast<double>(down)});
        nodes_[*node].bytes[0] += up;
        nodes_[*node].bytes[1] += down;
    }
}

void JournalDigest::take_match(const ParsedEvent& event) {
    const ParsedEvent& details = member(event, "details");
    const bool tripped = text_of(member(event, "event")) == "trigger.tripped";
    const std::string& line = text_of(member(details, tripped ? "packet" : "line"));
    const bool fires = tripped || text_of(member(details, "verdict")) == "fires";
    mark(event, tripped ? "tripped" : fires ? "trigger" : "match", line);
    const std::string& fault = text_of(member(event, "fault"));
    const std::string& name = text_of(member(event, "node"));
    const auto node = node_number(name);
    if (!node) return;
    if (fires && bands_.size() < most_bands) last_match_[fault] = {*node, line};
}

void JournalDigest::take_fired(const ParsedEvent& event) {
    const std::string& fault = text_of(member(event, "fault"));
    active_.erase(fault);
    if (bands_.size() >= most_bands) {
        ++more_bands_;
        return;
    }
    const ParsedEvent& details = member(event, "details");
    active_[fault] = bands_.size();
    Band& band = bands_.emplace_back();
    band.fault = clipped(fault, most_name);
    band.kind = clipped(text_of(member(details, "kind")), most_name);
    band.number = count_of(member(details, "number")).value_or(0);
    band.from = t_;
    const ParsedEvent& names = member(details, "nodes");
    if (names.is_array())
        for (const ParsedEvent& name : names)
            if (const auto node = node_number(text_of(name))) band.nodes.push_back(*node);
    const auto match = last_match_.find(fault);
    if (match == last_match_.end()) return;
    band.trigger_node = nodes_[match->second.node].name;
    band.trigger_line = clipped(match->second.line, most_text);
}

// The firing that goes on, or that was the last; null if it is one of those that are not kept.
JournalDigest::Band* JournalDigest::last_band(const std::string& fault) {
    const auto found = active_.find(fault);
    return found == active_.end() ? nullptr : &bands_[found->second];
}

void JournalDigest::take_healed(const ParsedEvent& event) {
    Band* band = last_band(text_of(member(event, "fault")));
    if (band == nullptr) return;
    band->to = t_;
    const ParsedEvent& details = member(event, "details");
    band->queued = details.contains("packets_queued");
    const ParsedEvent& packets = member(details, band->queued ? "packets_queued" : "packets_lost");
    if (!packets.is_object()) return;
    for (const auto& [node, count] : packets.items())
        if (node_number(node)) band->lost[node] = count_of(count).value_or(0);
}

void JournalDigest::take_recovered(const ParsedEvent& event) {
    const std::string& node = text_of(member(event, "node"));
    mark(event, "recovered", {});
    const ParsedEvent& details = member(event, "details");
    const ParsedEvent& sent = member(details, "sent_again_s");
    const ParsedEvent& received = member(details, "received_again_s");
    Band* band = last_band(text_of(member(event, "fault")));
    if (band != nullptr && node_number(node) && sent.is_number() && received.is_number())
        band->recovered[node] = {sent.get<double>(), received.get<double>()};
    const ParsedEvent& resumed = member(details, "time_to_recover_s");
    if (band != nullptr && node_number(node) && resumed.is_number())
        band->resumed[node] = resumed.get<double>();
}

void JournalDigest::take_sockets(const ParsedEvent& event) {
    const ParsedEvent& details = member(event, "details");
    const std::string moment = clipped(text_of(member(details, "moment")), most_name);
    const ParsedEvent& all = member(details, "sockets");
    if (!all.is_array()) return;
    Json& kept = moment == "end" ? end_sockets_ : sockets_;
    for (const ParsedEvent& socket : all) {
        if (kept.size() >= most_sockets) {
            ++more_sockets_;
            continue;
        }
        Json row = {{"us", t_.count() / 1000}, {"moment", moment}, {"node", text_of(member(event, "node"))}};
        for (const char* key : {"local", "remote", "state"})
            row[key] = clipped(text_of(member(socket, key)), most_name);
        for (const char* key : {"unread_bytes", "unacknowledged_bytes", "retransmits", "ms_since_received"})
            row[key] = count_of(member(socket, key)).value_or(0);
        kept.push_back(std::move(row));
    }
}

}  // namespace netcut
