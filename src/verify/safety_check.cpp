// SPDX-License-Identifier: Apache-2.0
#include "verify/safety_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sha256.h"
#include "folder/node_log.h"
#include "folder/run_files.h"
#include "safety/counted_reader.h"
#include "safety/deliveries.h"
#include "scenario/expand.h"
#include "trigger/line_scanner.h"

namespace netcut {
namespace {

constexpr std::size_t longest_log = std::size_t{256} << 20;  // bytes
constexpr std::size_t most_told = 5;

// As texts, in their order: what lines tell, or what the journal has of it.
using Told = std::vector<std::string>;

std::string text_of(const event::Counted& counted) {
    const Event event{.what = counted};
    return event.to_json().at("details").dump();
}

// Each output of the node, through the patterns.
std::vector<Told> told_by_logs(const RunFolder& folder, const std::string& node,
                               const std::function<void(LineScanner&, Told&)>& watch) {
    std::vector<Told> streams;
    for (const char* stream : log_streams) {
        const auto text = read_whole(folder, fmt::format("logs/{}.{}", node, stream), longest_log);
        if (!text || text->empty()) continue;
        Told told;
        LineScanner scanner;
        watch(scanner, told);
        scanner.feed(*text);
        scanner.finish();
        streams.push_back(std::move(told));
    }
    return streams;
}

void check_counted(const RunFolder& folder, const std::vector<Event>& events, const Scenario& scenario,
                   Check& check) {
    const CountedReader reader(scenario);
    Told wanted;
    for (const Event& event : events) {
        if (const auto* counted = event.as<event::Counted>()) wanted.push_back(text_of(*counted));
        if (event.is<event::CountedFull>())
            return check.unchecked.push_back(
                "there were more lines that tell of updates than the journal has");
    }
    const auto streams = told_by_logs(folder, reader.node(), [&](LineScanner& scanner, Told& told) {
        for (const CountedReader::Line& line : reader.lines())
            scanner.watch_whole({line.pattern, [&reader, &line, &told](std::string_view text, const auto&) {
                                     told.push_back(text_of(reader.read(line, text)));
                                 }});
    });
    const bool agrees = wanted.empty() ? std::all_of(streams.begin(), streams.end(),
                                                     [](const Told& told) { return told.empty(); })
                                       : std::find(streams.begin(), streams.end(), wanted) != streams.end();
    if (agrees) {
        check.found += fmt::format("{} lines of {} tell of updates, as the journal has them", wanted.size(),
                                   reader.node());
        return;
    }
    for (const Told& told : streams) {
        if (told.empty()) continue;
        const auto [line, entry] = std::mismatch(told.begin(), told.end(), wanted.begin(), wanted.end());
        check.disagreements.push_back(
            fmt::format("of what the log of {} tells of updates, number {} is {}, and by the journal {}",
                        reader.node(), line - told.begin() + 1, line == told.end() ? "missing" : *line,
                        entry == wanted.end() ? "missing" : *entry));
        return;
    }
    check.disagreements.push_back(fmt::format("no log of {} tells of updates, and the journal has {} lines",
                                              reader.node(), wanted.size()));
}

// The last value that a pattern gives in any one output.
void check_value(const RunFolder& folder, const std::string& node, const std::string& pattern,
                 const char* what, const std::string& wanted, Check& check) {
    if (pattern.empty()) return;
    const auto streams = told_by_logs(folder, node, [&](LineScanner& scanner, Told& told) {
        scanner.watch_whole({Pattern::parse(pattern).value(),
                             [&told](std::string_view, const std::optional<std::string>& group) {
                                 if (group) told.assign(1, group->substr(0, 200));
                             }});
    });
    const bool found = std::any_of(streams.begin(), streams.end(), [&](const Told& told) {
        return wanted.empty() ? !told.empty() : told == Told{wanted};
    });
    if (found == wanted.empty())
        check.disagreements.push_back(fmt::format(
            "the {} of the model is '{}' by the journal, and no log of {} says so", what, wanted, node));
}

// A file in the run's own folder; one elsewhere may be another by now.
void check_file(const RunFolder& folder, const Scenario& scenario, const std::string& node,
                const event::ModelSeen& seen, Check& check) {
    if (seen.sha256.empty()) return;
    const ExpandContext context{node, static_cast<unsigned>(node_index(scenario, node).value_or(0)), "work",
                                "", ""};
    const auto path = expand_text(scenario.model.file, scenario, context);
    const auto file =
        path && path->starts_with("work/") ? folder.open_file(*path) : Result<Fd>(Failure(Error{}));
    if (!file) return check.unchecked.push_back("the file of the model is not in the folder of the run");
    const auto digest = digest_file(file->get(), "read the model");
    if (!digest || digest->sha256 != seen.sha256)
        check.disagreements.push_back(
            fmt::format("the file of the model has the SHA-256 {}, and by the journal {}",
                        digest ? digest->sha256 : "(none)", seen.sha256));
}

using Ends = std::tuple<std::string, std::uint16_t, std::uint16_t>;
using Totals = std::map<Ends, std::pair<std::uint64_t, std::uint64_t>>;

void add(Totals& totals, const std::string& node, const event::Delivered& what) {
    auto& [up, down] = totals[{node, what.local_port, what.port}];
    up += what.up;
    down += what.down;
}

}  // namespace

Check check_safety(const RunFolder& folder, const std::vector<Event>& events, const Scenario& scenario) {
    Check check{"updates", {}, {}, {}};
    if (scenario.counted.any()) check_counted(folder, events, scenario, check);
    const std::string node = scenario.model.node.empty() ? aggregator_name : scenario.model.node;
    for (const Event& event : events)
        if (const auto* seen = event.as<event::ModelSeen>()) {
            check_value(folder, node, scenario.model.digest, "digest", seen->digest, check);
            check_value(folder, node, scenario.model.metric, "metric", seen->metric, check);
            check_file(folder, scenario, node, *seen, check);
        }
    return check;
}

void check_deliveries(const Captures& captures, const std::vector<Event>& events, const RunState& state,
                      const Scenario& scenario, Check& check) {
    const SafetyFacts& safety = state.safety();
    if (safety.deliveries.empty() && scenario.twins.updates.empty() && !scenario.deliveries) return;
    if (safety.deliveries_missed || state.captures().missed.seen > 0)
        return check.unchecked.push_back("deliveries: not all packets were seen");
    Totals told, found;
    for (const auto& [node, what] : safety.deliveries)
        if (what.to_ns < state.stopped_at()) add(told, node, what);
    DeliveryFollower follower([&](const std::string& node, const event::Delivered& what) {
        if (what.to_ns < state.stopped_at()) add(found, node, what);
    });
    for (const Event& event : events) {
        if (const auto* built = event.as<event::FabricBuilt>())
            for (const auto& [node, own] : built->nodes)
                for (const std::string& address : own.addresses) follower.own(address, node);
        if (const auto* readdressed = event.as<event::NodeReaddressed>())
            for (const std::string& address : readdressed->now.addresses) follower.own(address, event.node);
    }
    for (const SeenPacket& packet : captures.seen)
        if (!packet.lost_by) follower.take(packet.header, packet.time);
    follower.finish();
    std::size_t wrong = 0;
    for (const auto& [ends, bytes] : told) {
        const auto same = found.find(ends);
        if (same != found.end() && same->second == bytes) continue;
        if (++wrong > most_told) continue;
        const auto& [node, local, port] = ends;
        check.disagreements.push_back(
            fmt::format("{} is said to have delivered {} bytes up and {} down from port {}, and by the "
                        "captures {} and {}",
                        node, bytes.first, bytes.second, local, same == found.end() ? 0 : same->second.first,
                        same == found.end() ? 0 : same->second.second));
    }
    for (const auto& [ends, bytes] : found)
        if (!told.contains(ends) && ++wrong <= most_told)
            check.disagreements.push_back(
                fmt::format("{} delivered {} bytes up and {} down from port {} by the captures, and the "
                            "journal has none of it",
                            std::get<0>(ends), bytes.first, bytes.second, std::get<1>(ends)));
    if (wrong == 0) check.found += fmt::format("\n{} connections carried what the journal says", told.size());
}

}  // namespace netcut
