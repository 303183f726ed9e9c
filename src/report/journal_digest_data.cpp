// SPDX-License-Identifier: Apache-2.0
//
// From what was kept of a journal to what the page reads (src/report/page/README.md has its form).
#include <fmt/format.h>

#include "report/journal_digest.h"

namespace netcut {
namespace {

std::int64_t microseconds(Nanoseconds value) {
    return value.count() / 1000;
}

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

}  // namespace

Json JournalDigest::Mark::to_json(std::size_t node) const {
    return {microseconds(t), node, kind, text};
}

Json JournalDigest::data() const {
    Json about = begun_.is_object() ? begun_ : Json::object();
    about["begun"] = begun_wall_;
    about["fabric"] = fabric_;
    return {{"about", about},
            {"length_us", microseconds(length_)},
            {"nodes", nodes_data()},
            {"phases", phases_data()},
            {"traffic", traffic_data()},
            {"marks", marks_data()},
            {"bands", bands_data()},
            {"sockets", {{"at_faults", sockets_}, {"at_end", end_sockets_}, {"half_open", half_open_}}},
            {"left_out", left_out()}};
}

Json JournalDigest::nodes_data() const {
    Json nodes = Json::array();
    for (const NodeDigest& node : nodes_)
        nodes.push_back({{"name", node.name}, {"addresses", node.addresses}, {"mac", node.mac}});
    return nodes;
}

Json JournalDigest::phases_data() const {
    const bool any = std::any_of(nodes_.begin(), nodes_.end(),
                                 [](const NodeDigest& node) { return node.phases.added() > 0; });
    if (!any) return nullptr;
    const Nanoseconds tick = tick_of(length_);
    Json lanes = Json::array();
    for (const NodeDigest& node : nodes_) lanes.push_back(lane(node.phases, tick));
    return {{"names", phase_names},
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

Json JournalDigest::traffic_data() const {
    if (!traffic_ || traffic_->empty()) return nullptr;
    Json ways[2] = {Json::array(), Json::array()};
    Json totals = Json::array();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        totals.push_back(nodes_[i].bytes);
        for (std::size_t way = 0; way < 2; ++way) {
            Json numbers = Json::array();
            if (i < traffic_->nodes().size())
                for (const TrafficBins::Bytes& bytes : traffic_->nodes()[i])
                    numbers.push_back(std::llround(bytes[way]));
            ways[way].push_back(std::move(numbers));
        }
    }
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
    for (const Band& band : bands_)
        bands.push_back({{"fault", band.fault},
                         {"kind", band.kind},
                         {"number", band.number},
                         {"nodes", band.nodes},
                         {"from_us", microseconds(band.from)},
                         {"to_us", band.to ? Json(microseconds(*band.to)) : Json(nullptr)}});
    return bands;
}

Json JournalDigest::faults() const {
    Json faults = Json::array();
    for (const Band& band : bands_) {
        Json nodes = Json::array();
        for (const std::size_t node : band.nodes) {
            const std::string& name = nodes_[node].name;
            Json row = {{"node", name}};
            if (const auto lost = band.lost.find(name); lost != band.lost.end())
                row[band.queued ? "packets_queued" : "packets_lost"] = {{"total", lost->second}};
            if (const auto again = band.recovered.find(name); again != band.recovered.end()) {
                row["sent_again_s"] = again->second.first;
                row["received_again_s"] = again->second.second;
                row["network_back_s"] = std::max(again->second.first, again->second.second);
            }
            if (const auto resumed = band.resumed.find(name); resumed != band.resumed.end())
                row["time_to_recover_s"] = resumed->second;
            nodes.push_back(std::move(row));
        }
        faults.push_back({{"fault", band.fault},
                          {"kind", band.kind},
                          {"trigger", {{"node", band.trigger_node}, {"line", band.trigger_line}}},
                          {"fired_s", seconds(band.from)},
                          {"healed_s", band.to ? Json(seconds(*band.to)) : Json(nullptr)},
                          {"lasted_s", band.to ? Json(seconds(*band.to - band.from)) : Json(nullptr)},
                          {"nodes", nodes}});
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
    if (more_bands_ > 0)
        notes.push_back(fmt::format("{} later firings of faults are not drawn", more_bands_));
    if (more_sockets_ > 0) notes.push_back(fmt::format("{} more sockets are not listed", more_sockets_));
    if (unreadable_ > 0)
        notes.push_back(fmt::format("{} lines of the journal could not be read", unreadable_));
    return notes;
}

}  // namespace netcut
