// SPDX-License-Identifier: Apache-2.0
//
// From what was kept of a journal to what the page reads (src/page/web/README.md has its form).
#include <fmt/format.h>

#include "base/json.h"
#include "base/time.h"
#include "digest/journal_digest.h"
#include "digest/page_time.h"
#include "phase/phase.h"
#include "record/json_access.h"
#include "record/run_state.h"

namespace netcut {
namespace {

// Phases are written in ticks, a millionth of the run or a microsecond: short numbers, and far finer than a
// pixel.
Nanoseconds tick_of(Nanoseconds length) {
    constexpr std::int64_t ticks = 1'000'000;
    const Nanoseconds microsecond = std::chrono::microseconds(1);
    return std::max(microsecond, length / ticks / 1000 * 1000);
}

// A row of numbers: how long after the last phase, for how long, which phase; all in ticks.
Json lane(const PhaseLane& phases, Nanoseconds tick) {
    Json numbers = Json::array();
    std::int64_t at = 0;
    for (const PhaseSpan& span : phases.spans()) {
        const std::int64_t from = span.from / tick, to = span.to / tick;
        numbers.push_back(from - at);
        numbers.push_back(to - from);
        numbers.push_back(span.phase);
        at = to;
    }
    return numbers;
}

// What a firing did to one node.
Json node_row(const Firing& firing, const std::string& node) {
    Json row = {{"node", node}};
    if (const auto hit = firing.hit.find(node); hit != firing.hit.end())
        row[firing.queued ? "packets_queued" : "packets_lost"] = {{"total", hit->second}};
    const auto found = firing.recovery.find(node);
    if (found == firing.recovery.end()) return row;
    const Recovery& recovery = found->second;
    if (const auto back = recovery.network_back()) {
        row["sent_again_s"] = seconds(*recovery.sent);
        row["received_again_s"] = seconds(*recovery.received);
        row["network_back_s"] = seconds(*back);
    }
    if (const auto resumed = recovery.work_resumed()) row["time_to_recover_s"] = seconds(*resumed);
    return row;
}

}  // namespace

Json JournalDigest::Mark::to_json(std::size_t node) const {
    return {microseconds(t), node, kind, text};
}

Json JournalDigest::data() const {
    Json about = Json::object();
    if (const auto& begun = state_.begun())
        about = {{"name", begun->run},
                 {"netcut_fl", begun->netcut_fl},
                 {"kernel", begun->kernel},
                 {"user", begun->user}};
    about["begun"] = begun_wall_;
    about["fabric"] = fabric_;
    return {{"about", about},
            {"length_us", microseconds(length_)},
            {"nodes", nodes_data()},
            {"phases", phases_data()},
            {"traffic", traffic_data()},
            {"links", links_data()},
            {"marks", marks_data()},
            {"bands", bands_data()},
            {"connections", connections_.data()},
            {"sockets", {{"at_faults", sockets_}, {"at_end", end_sockets_}, {"half_open", half_open_}}},
            {"left_out", left_out()}};
}

Json JournalDigest::nodes_data() const {
    Json nodes = Json::array();
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        nodes.push_back({{"name", node_name(i)}, {"addresses", nodes_[i].addresses}, {"mac", nodes_[i].mac}});
    return nodes;
}

std::vector<std::size_t> JournalDigest::nodes_of(const Firing& firing) const {
    std::vector<std::size_t> numbers;
    for (const std::string& name : firing.nodes)
        if (const auto number = node_number(name)) numbers.push_back(*number);
    return numbers;
}

Json JournalDigest::phases_data() const {
    const bool any = std::any_of(nodes_.begin(), nodes_.end(),
                                 [](const NodeDigest& node) { return node.phases.added() > 0; });
    if (!any) return nullptr;
    const Nanoseconds tick = tick_of(length_);
    Json lanes = Json::array();
    for (const NodeDigest& node : nodes_) lanes.push_back(lane(node.phases, tick));
    Json names = Json::array();
    for (const auto& phase : phase_words) names.push_back(phase.word);
    return {{"names", std::move(names)},
            {"tick_us", microseconds(tick)},
            {"lanes", std::move(lanes)},
            {"totals", phase_totals()}};
}

// By node and phase: how often, how long, bytes sent and received meanwhile. Of all phases, drawn or not.
Json JournalDigest::phase_totals() const {
    Json all = Json::array();
    for (const NodeDigest& node : nodes_) {
        Json totals = Json::array();
        for (const PhaseTotal& total : node.totals)
            totals.push_back({total.count, microseconds(total.took), total.sent, total.received});
        all.push_back(std::move(totals));
    }
    return all;
}

// By direction and node, the bytes of each step.
std::array<Json, 2> JournalDigest::ways_of(const TrafficBins& bins) const {
    std::array<Json, 2> ways = {Json::array(), Json::array()};
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        for (std::size_t way = 0; way < 2; ++way) {
            Json numbers = Json::array();
            if (i < bins.nodes().size())
                for (const TrafficBins::Bytes& bytes : bins.nodes()[i])
                    numbers.push_back(std::llround(bytes[way]));
            ways[way].push_back(std::move(numbers));
        }
    return ways;
}

Json JournalDigest::delays_of(std::size_t way) const {
    constexpr double milliseconds_of = 1e3, finest = 1e3;
    Json all = Json::array();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        Json delays = Json::array();
        for (std::size_t step = 0; i < delay_->nodes().size() && step < delay_->nodes()[i].size(); ++step) {
            const Nanoseconds begin = delay_->step() * step;
            const Nanoseconds covered =
                std::min(links_until_, begin + delay_->step()) - std::max(links_from_, begin);
            const double delay =
                covered > Nanoseconds(0) ? delay_->nodes()[i][step][way] / seconds(covered) : 0;
            delays.push_back(std::round(delay * milliseconds_of * finest) / finest);
        }
        const bool any = std::any_of(delays.begin(), delays.end(), [](const Json& one) { return one > 0; });
        all.push_back(any ? std::move(delays) : Json::array());
    }
    return all;
}

// What links with rates of their own could carry, and what became of that.
Json JournalDigest::links_data() const {
    if (!capacity_ || capacity_->empty()) return nullptr;
    auto ways = ways_of(*capacity_), delivered = ways_of(*delivered_);
    Json totals = Json::array();
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        for (std::size_t way = 0; way < 2; ++way) {
            const LinkTotal& total = nodes_[i].link[way];
            if (!total.what.empty())
                totals.push_back({{"node", i},
                                  {"way", way == 0 ? "up" : "down"},
                                  {"what", total.what},
                                  {"capacity", total.capacity},
                                  {"delivered", total.delivered},
                                  {"lost", total.lost},
                                  {"lost_by_trace", total.lost_by_trace}});
        }
    return {{"step_us", microseconds(capacity_->step())},
            {"up", std::move(ways[0])},
            {"down", std::move(ways[1])},
            {"delivered_up", std::move(delivered[0])},
            {"delivered_down", std::move(delivered[1])},
            {"delay_up_ms", delays_of(0)},
            {"delay_down_ms", delays_of(1)},
            {"totals", totals}};
}

Json JournalDigest::traffic_data() const {
    if (!traffic_ || traffic_->empty()) return nullptr;
    auto ways = ways_of(*traffic_);
    Json totals = Json::array();
    for (const NodeDigest& node : nodes_) totals.push_back(node.bytes);
    return {{"step_us", microseconds(traffic_->step())},
            {"up", std::move(ways[0])},
            {"down", std::move(ways[1])},
            {"totals", totals}};
}

Json JournalDigest::marks_data() const {
    Json marks = Json::array();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        for (const Mark& mark : nodes_[i].marks) marks.push_back(mark.to_json(i));
        for (const Mark& mark : nodes_[i].common.kept()) marks.push_back(mark.to_json(i));
    }
    return marks;
}

Json JournalDigest::bands_data() const {
    Json bands = Json::array();
    for (const Firing& firing : state_.firings())
        bands.push_back({{"fault", clipped(firing.fault, most_name)},
                         {"kind", clipped(firing.kind, most_name)},
                         {"number", firing.number},
                         {"nodes", nodes_of(firing)},
                         {"from_us", microseconds(firing.fired)},
                         {"to_us", firing.healed ? Json(microseconds(*firing.healed)) : Json(nullptr)}});
    return bands;
}

Json JournalDigest::faults() const {
    Json faults = Json::array();
    for (const Firing& firing : state_.firings()) {
        Json nodes = Json::array();
        for (const std::size_t node : nodes_of(firing)) nodes.push_back(node_row(firing, node_name(node)));
        Json row = {
            {"fault", clipped(firing.fault, most_name)},
            {"kind", clipped(firing.kind, most_name)},
            {"trigger", {{"node", firing.trigger.node}, {"line", clipped(firing.trigger.line, most_text)}}},
            {"fired_s", seconds(firing.fired)},
            {"healed_s", nullptr},
            {"lasted_s", nullptr}};
        if (firing.healed) {
            row["healed_s"] = seconds(*firing.healed);
            row["lasted_s"] = seconds(*firing.healed - firing.fired);
        }
        row["nodes"] = std::move(nodes);
        faults.push_back(std::move(row));
    }
    return faults;
}

Json JournalDigest::left_out() const {
    Json notes = Json::array();
    std::uint64_t phases = 0, drawn = 0, marks = more_marks_;
    Nanoseconds coarsest{0};
    for (const NodeDigest& node : nodes_) {
        phases += node.phases.added();
        drawn += node.phases.spans().size();
        coarsest = std::max(coarsest, node.phases.resolution());
        marks += node.common.left_out();
    }
    if (coarsest > Nanoseconds(0))
        notes.push_back(
            fmt::format("{} phases are drawn as {}: where several follow each other that are "
                        "shorter than {:.3f} s, the one that took most of that time is shown. The "
                        "sums by phase are of all",
                        phases, drawn, seconds(coarsest)));
    if (marks > 0)
        notes.push_back(fmt::format("{} marks of log lines, rounds or nodes are not drawn", marks));
    if (const std::size_t more = state_.firings_left_out(); more > 0)
        notes.push_back(fmt::format("{} later firings of faults are not drawn", more));
    if (const std::size_t more = state_.events_left_out(); more > 0)
        notes.push_back(fmt::format("{} later events are not shown", more));
    if (const auto more = connections_.connections_left_out(); more > 0)
        notes.push_back(fmt::format("{} changes are of connections that are not shown", more));
    if (const auto more = connections_.changes_left_out(); more > 0)
        notes.push_back(fmt::format("{} changes of connections are not drawn", more));
    if (more_sockets_ > 0) notes.push_back(fmt::format("{} more sockets are not listed", more_sockets_));
    if (unreadable_ > 0)
        notes.push_back(fmt::format("{} lines of the journal could not be read", unreadable_));
    return notes;
}

}  // namespace netcut
