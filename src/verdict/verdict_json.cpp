// SPDX-License-Identifier: Apache-2.0
#include "verdict/verdict_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/median.h"
#include "base/time.h"
#include "fault/losses.h"
#include "kernel/sockdiag.h"
#include "record/event.h"
#include "record/fields_json.h"
#include "safety/safety.h"
#include "safety/safety_json.h"
#include "scenario/judgement.h"
#include "verdict/conclusions.h"
#include "verdict/expectations.h"
#include "verdict/tally.h"
#include "why/hang_json.h"

namespace netcut {
namespace {

Json losses_json(const Losses& losses) {
    Json json = {{"total", losses.total()},
                 {"router_up", losses.up},
                 {"router_down", losses.down},
                 {"unsendable_at_node", losses.unsendable}};
    write_flat(losses.rebound, json);
    return json;
}

// The times of the journal in nanoseconds are those in seconds here.
Json conversations_json(const Recovery& recovery) {
    Json all = value_json(recovery.conversations);
    for (Json& one : all) one.erase("after_ns");
    return all;
}

// How far the list of losses was used: all nodes' packets are numbered together.
Json list_json(const FaultOutcome& outcome) {
    Losses::Offered sum;
    for (const auto& [node, losses] : outcome.losses) {
        if (!losses.offered) continue;
        sum.up += losses.offered->up;
        sum.down += losses.offered->down;
    }
    return {{"period", outcome.list_period}, {"offered_up", sum.up}, {"offered_down", sum.down}};
}

Json outcome_json(const FaultOutcome& outcome) {
    Json json = {
        {"fault", outcome.fault},
        {"kind", outcome.kind->name},
        {"trigger", {{"node", outcome.trigger_node}, {"line", outcome.trigger_line}}},
        {"fired_s", seconds(outcome.fired)},
        {"healed_s", value_json(seconds_of(outcome.healed))},
        {"lasted_s", outcome.healed ? Json(seconds(*outcome.healed - outcome.fired)) : Json(nullptr)}};
    if (outcome.missed > 0) json["missed"] = outcome.missed;
    if (outcome.list_period > 0) json["list"] = list_json(outcome);
    if (outcome.cycle > 0) json["flap"] = {{"cycle", outcome.cycle}, {"of", outcome.cycles}};
    Json nodes = Json::array();
    for (const auto& [name, losses] : outcome.losses) {
        const auto found = outcome.recovery.find(name);
        const Recovery recovery = found == outcome.recovery.end() ? Recovery{} : found->second;
        nodes.push_back({{"node", name},
                         {outcome.queued ? "packets_queued" : "packets_lost", losses_json(losses)},
                         {"sent_again_s", value_json(seconds_of(recovery.sent))},
                         {"received_again_s", value_json(seconds_of(recovery.received))},
                         {"network_back_s", value_json(seconds_of(recovery.network_back()))},
                         {"time_to_recover_s", value_json(seconds_of(recovery.work_resumed()))},
                         {"conversations", conversations_json(recovery)},
                         {"other_conversations", recovery.others},
                         {"unresolved_neighbours", value_json(recovery.unresolved)}});
        if (const auto pause = outcome.pauses.find(name); pause != outcome.pauses.end())
            nodes.back()["pause"] = value_json(pause->second);
    }
    json["nodes"] = nodes;
    return json;
}

Json rounds_json(const RoundTimes& times) {
    if (times.rounds.empty()) return nullptr;
    std::vector<Nanoseconds> lengths;
    Json each = Json::array();
    for (const auto& [round, time] : times.rounds) {
        each.push_back({{"round", round}, {"took_s", seconds(time)}});
        lengths.push_back(time);
    }
    const auto [shortest, longest] = std::minmax_element(lengths.begin(), lengths.end());
    return {{"node", times.node},
            {"median_s", seconds(median(lengths))},
            {"shortest_s", seconds(*shortest)},
            {"longest_s", seconds(*longest)},
            {"each", each}};
}

Json node_json(const NodeOutcome& node, const std::vector<Conclusion>& conclusions, EndReason end) {
    Json json = {{"node", node.name}, {"started", node.started}};
    if (node.starts > 1) json["starts"] = node.starts;
    json["ended"] = !node.started                       ? "never started"
                    : node.killed_by_fault && node.exit ? "killed by the fault"
                    : node.stopped_by_us || !node.exit  ? "stopped by netcut-fl"
                                                        : node.exit->text();
    if (node.exit && !node.stopped_by_us) json["ended_s"] = seconds(node.ended);
    if (node.left_behind > 0) json["left_behind"] = node.left_behind;
    if (node.late_lines) json["late_lines"] = value_json(*node.late_lines);
    for (std::size_t i = 0; i < connection_figures.size(); ++i)
        if (node.figures[i] > 0) json[connection_figures[i].key] = node.figures[i];
    json["finished"] = has_finished(node, conclusions);
    bool to_the_end = node.started && node.stopped_by_us && end == EndReason::finished;
    for (const Conclusion& one : conclusions) {
        if (one.node != node.name) continue;
        json["after_faults"] = one.text;
        to_the_end = to_the_end && !one.stuck();
    }
    if (to_the_end) json["to_the_end"] = true;
    return json;
}

Json expected_json(const std::vector<Expected>& expected) {
    Json json = Json::array();
    for (const Expected& one : expected) {
        Json& entry = json.emplace_back(Json{{"what", one.what}, {"met", one.met}});
        if (!one.met) entry["found"] = one.found;
    }
    return json;
}

Json culprit_json(const Verdict& verdict) {
    Json json = {{"node", verdict.culprit}};
    if (const auto& exit = verdict.culprit_exit) {
        write_code(*exit, json);
        json["ended"] = exit->text();
    }
    return json;
}

Json half_open_json(const HalfOpen& half) {
    const TcpSocket& socket = half.socket;
    return {{"node", half.node},
            {"peer", half.peer},
            {"address_gone", half.address_gone},
            {"local", fmt::format("{} port {}", socket.local.to_string(), socket.local_port)},
            {"remote", fmt::format("{} port {}", socket.remote.to_string(), socket.remote_port)},
            {"state", socket.state},
            {"unacknowledged_bytes", socket.send_queue},
            {"ms_since_sent", socket.ms_since_sent},
            {"ms_since_received", socket.ms_since_received}};
}

Json tcp_json(const Facts& facts) {
    constexpr std::size_t most_failures = 16;
    event::TcpOptionsSummed all;
    for (const auto& [node, sum] : facts.tcp_options) {
        all.connections += sum.connections;
        all.inherited += sum.inherited;
        all.again += sum.again;
        all.unset += sum.unset;
        all.latest_ns = std::max(all.latest_ns, sum.latest_ns);
    }
    Json failures = Json::array();
    for (const auto& [node, unset] : facts.tcp_unset)
        if (failures.size() < most_failures)
            failures.push_back({{"node", node}, {"socket", unset.socket}, {"why", unset.why}});
    return {{"connections", all.connections},
            {"inherited", all.inherited},
            {"again", all.again},
            {"not_set", all.unset},
            {"latest_ms", static_cast<double>(all.latest_ns.count()) / 1e6},
            {"failures", failures}};
}

}  // namespace

Json verdict_json(const Facts& facts, const Verdict& verdict, const Scenario& scenario) {
    const Safety safety = judge_safety(facts, scenario);
    const auto expected = judge_expectations(facts, verdict, scenario.expect, safety);
    Json json = {{"schema", record_schema},
                 {"name", scenario.name},
                 {"verdict", verdict.word()},
                 {"reason", verdict.reason},
                 {"headline", headline(verdict, scenario.expect, expected)},
                 {"exit_status", exit_status_of(verdict, scenario, expected, safety)}};
    if (safety.asked) json["safety"] = safety_json(safety);
    if (const auto met = passed(verdict, scenario.expect, expected)) json["passed"] = *met;
    if (verdict.judgement == Judgement::crashed) json["crashed"] = culprit_json(verdict);
    if (!expected.empty()) json["expected"] = expected_json(expected);
    const Tally sum = tally(facts);
    Json outcomes = Json::array();
    for (const FaultOutcome& outcome : facts.outcomes) outcomes.push_back(outcome_json(outcome));
    json["noticed"] = sum.noticed();
    json["packets_lost"] = sum.lost;
    json["packets_queued"] = sum.queued;
    if (sum.rebound > 0) json["packets_rebound"] = sum.rebound;
    json["network_back_s"] = value_json(seconds_of(sum.network_back));
    json["time_to_recover_s"] = value_json(seconds_of(sum.work_resumed));
    json["faults"] = outcomes;
    json["rounds"] = rounds_json(facts.rounds);
    json["nodes"] = Json::array();
    const auto conclusions = conclude(facts);
    for (const NodeOutcome& node : facts.nodes)
        json["nodes"].push_back(node_json(node, conclusions, facts.end));
    if (facts.proof) json["hang"] = hang_json(facts);
    if (!facts.tcp_options.empty()) json["tcp"] = tcp_json(facts);
    json["half_open"] = Json::array();
    for (const HalfOpen& half : facts.half_open) json["half_open"].push_back(half_open_json(half));
    return json;
}

}  // namespace netcut
