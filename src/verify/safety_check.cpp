// SPDX-License-Identifier: Apache-2.0
#include "verify/safety_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "folder/node_log.h"
#include "folder/run_files.h"
#include "safety/counted_reader.h"
#include "safety/deliveries.h"
#include "safety/ledger.h"
#include "trigger/line_scanner.h"
#include "verify/model_check.h"

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

using Ends = std::tuple<std::string, std::uint16_t, std::uint16_t>;
using Totals = std::map<Ends, std::pair<std::uint64_t, std::uint64_t>>;

using Deliveries = std::vector<SafetyFacts::Delivery>;

Totals totals_of(const Deliveries& deliveries) {
    Totals totals;
    for (const auto& [node, what] : deliveries) {
        auto& [up, down] = totals[{node, what.local_port, what.port}];
        up += what.up;
        down += what.down;
    }
    return totals;
}

// What the packets come to, up to when the run was stopped.
Deliveries captured_deliveries(const Captures& captures, const std::vector<Event>& events,
                               Nanoseconds stopped) {
    Deliveries found;
    DeliveryFollower follower([&](const std::string& node, const event::Delivered& what) {
        if (what.to_ns < stopped) found.push_back({node, what});
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
    return found;
}

void compare_totals(const Totals& told, const Totals& found, Check& check) {
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

// Of which round something was follows from its time. What one of the two cannot tell is no disagreement.
void compare_ledgers(const Ledger& told, const Ledger& found, Check& check) {
    const auto differ = [](const Times& a, const Times& b) { return a && b && *a != *b; };
    std::size_t wrong = 0;
    for (const auto& [node, rounds] : told) {
        const auto other = found.find(node);
        for (std::size_t i = 0; other != found.end() && i < std::min(rounds.size(), other->second.size());
             ++i) {
            const Delivery &a = rounds[i], &b = other->second[i];
            if ((differ(a.update, b.update) || differ(a.model, b.model)) && ++wrong <= most_told)
                check.disagreements.push_back(fmt::format(
                    "what {} delivered in round {} is not what the captures come to", node, i + 1));
        }
    }
}

}  // namespace

Check check_safety(const RunFolder& folder, const std::vector<Event>& events, const Scenario& scenario) {
    Check check{"updates", {}, {}, {}};
    if (scenario.counted.any()) check_counted(folder, events, scenario, check);
    const std::string node = scenario.model.node.empty() ? aggregator_name : scenario.model.node;
    const auto has = [&](const auto& is) { return std::any_of(events.begin(), events.end(), is); };
    if (scenario.model.any() && has([](const Event& event) { return event.is<event::RunEnded>(); }) &&
        !has([](const Event& event) { return event.is<event::ModelSeen>(); }))
        check.disagreements.emplace_back("the journal does not say what was left of the model");
    for (const Event& event : events)
        if (const auto* seen = event.as<event::ModelSeen>()) {
            check_value(folder, node, scenario.model.digest, "digest", seen->digest, check);
            check_value(folder, node, scenario.model.metric, "metric", seen->metric, check);
            check_model_files(folder, scenario, *seen, check);
        }
    check_twins(folder, scenario, check);
    if (!scenario.pcap && has([](const Event& event) { return event.is<event::Delivered>(); }))
        check.unchecked.emplace_back("deliveries: no packets were captured (--pcap)");
    return check;
}

void check_deliveries(const Captures& captures, const std::vector<Event>& events, const RunState& state,
                      const Scenario& scenario, Check& check) {
    const SafetyFacts& safety = state.safety();
    if (safety.deliveries.empty() && scenario.twins.updates.empty() && !scenario.deliveries) return;
    if (safety.deliveries_missed || state.captures().missed.seen > 0)
        return check.unchecked.push_back("deliveries: not all packets were seen");
    Facts told = state.facts(scenario), found = told;
    std::erase_if(told.safety.deliveries,
                  [&](const auto& one) { return one.what.to_ns >= state.stopped_at(); });
    found.safety.deliveries = captured_deliveries(captures, events, state.stopped_at());
    compare_totals(totals_of(told.safety.deliveries), totals_of(found.safety.deliveries), check);
    compare_ledgers(make_ledger(told, scenario.twins), make_ledger(found, scenario.twins), check);
}

}  // namespace netcut
