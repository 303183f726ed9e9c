// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "base/median.h"
#include "netcut/run.h"

namespace netcut {
namespace {

constexpr int exit_recovered = 0, exit_failed = 1, exit_not_triggered = 4, exit_internal = 5;

std::vector<std::string> names_of_running(const Facts& facts) {
    std::vector<std::string> names;
    for (const NodeOutcome& node : facts.nodes)
        if (node.started && (node.stopped_by_us || !node.exit)) names.push_back(node.name);
    return names;
}

std::string half_open_text(const Facts& facts) {
    if (facts.half_open.empty()) return {};
    const HalfOpen& first = facts.half_open.front();
    return fmt::format("; {} holds a connection to {} that is gone there (half open)", first.node,
                       first.peer);
}

bool crashed_by_itself(const NodeOutcome& node) {
    return !node.stopped_by_us && !node.killed_by_fault && node.exit && !node.exit->success();
}

bool was_hit(const Facts& facts, const NodeOutcome& node) {
    return std::any_of(facts.outcomes.begin(), facts.outcomes.end(),
                       [&](const FaultOutcome& outcome) { return outcome.losses.contains(node.name); });
}

// The crash to name first: one before any fault explains all that follows; then one of a node that had one,
// which is a likelier culprit than one that gave up because of it.
const NodeOutcome* first_crash(const Facts& facts) {
    const auto rank = [&](const NodeOutcome& node) {
        return !node.after_fault ? 2 : was_hit(facts, node) ? 1 : 0;
    };
    const NodeOutcome* first = nullptr;
    for (const NodeOutcome& node : facts.nodes)
        if (crashed_by_itself(node) && (first == nullptr || rank(node) > rank(*first))) first = &node;
    return first;
}

Verdict crashed(const Facts& facts, const NodeOutcome& first) {
    std::string reason = fmt::format("{} ended with {}", first.name, first.exit->text());
    reason += facts.outcomes.empty() ? ", before any fault"
              : first.after_fault    ? " after the fault"
                                     : " before the fault";
    for (const NodeOutcome& node : facts.nodes)
        if (&node != &first && crashed_by_itself(node))
            reason += fmt::format("; {} ended with {}", node.name, node.exit->text());
    const auto running = names_of_running(facts);
    if (!running.empty() && facts.end == EndReason::hung)
        reason += fmt::format("; {} waited {} without progress", fmt::join(running, ", "),
                              duration_text(facts.waited_for_progress));
    return {"crashed", reason + half_open_text(facts), exit_failed};
}

Verdict hung(const Facts& facts) {
    if (facts.preparing)
        return {"hung", "the run's time was over and its preparation had not ended", exit_failed};
    const auto running = names_of_running(facts);
    std::string reason =
        facts.end == EndReason::timeout
            ? fmt::format("the run's time was over and {} had not ended", fmt::join(running, ", "))
            : fmt::format("no progress for {}; {} did not end", duration_text(facts.waited_for_progress),
                          fmt::join(running, ", "));
    return {"hung", reason + half_open_text(facts), exit_failed};
}

// Of all firings and nodes together.
struct Tally {
    std::uint64_t lost = 0;
    std::uint64_t queued = 0;
    bool of_processes = false;                  // one of them needs no packet to be noticed
    std::set<std::string> renumbered;           // nodes that have exchanged data since
    std::map<std::string, std::size_t> cycles;  // of each fault that flapped
    std::size_t unhealed = 0;                   // firings
    std::size_t silent = 0;                     // nodes that did not exchange data both ways after a heal
    std::size_t healed = 0;                     // nodes
    std::optional<Nanoseconds> slowest;

    bool noticed() const { return lost + queued > 0 || of_processes || !renumbered.empty(); }
};

void add_recovery(Tally& tally, const Recovery& recovery) {
    ++tally.healed;
    if (recovery.both())
        tally.slowest = std::max(tally.slowest.value_or(Nanoseconds(0)), *recovery.both());
    else
        ++tally.silent;
}

Tally tally(const Facts& facts) {
    Tally tally;
    std::map<std::string, std::size_t> next_cycle;  // of each fault
    for (auto outcome = facts.outcomes.rbegin(); outcome != facts.outcomes.rend(); ++outcome) {
        for (const auto& [node, losses] : outcome->losses)
            (outcome->queued ? tally.queued : tally.lost) += losses.total();
        tally.of_processes = tally.of_processes || is_of_processes(outcome->kind);
        if (!outcome->healed && outcome->kind != FaultKind::kill) ++tally.unhealed;
        // Between two cycles of a flap there may be no time to recover in: what follows the last one counts.
        const bool amid_flap = outcome->cycle > 0 && next_cycle[outcome->fault] == outcome->cycle + 1;
        next_cycle[outcome->fault] = outcome->cycle;
        if (outcome->cycle > 0) ++tally.cycles[outcome->fault];
        for (const auto& [node, recovery] : outcome->recovery) {
            if (outcome->renumbered && recovery.sent) tally.renumbered.insert(node);
            if (!amid_flap) add_recovery(tally, recovery);
        }
    }
    if (tally.silent > 0) tally.slowest.reset();
    return tally;
}

std::string unfired_text(const Facts& facts) {
    std::string text;
    for (const Unfired& unfired : facts.unfired)
        text +=
            fmt::format("{}{} {}", text.empty() ? "" : "; ", unfired.fault,
                        unfired.delayed      ? "was still in its delay when the run ended"
                        : unfired.missed > 0 ? fmt::format("missed {} replies, which had passed before they "
                                                           "could be lost",
                                                           unfired.missed)
                        : unfired.armed      ? "was armed, but its moment on the wire did not come"
                                             : "never saw its moment");
    return text;
}

Verdict not_triggered(const Facts& facts) {
    const char* how = facts.end == EndReason::timeout    ? "the run's time was over"
                      : facts.end == EndReason::finished ? "the federation has finished"
                                                         : "all nodes ended";
    return {"not-triggered", fmt::format("{}: {}", how, unfired_text(facts)), exit_not_triggered};
}

std::string finished_text(const Facts& facts) {
    std::vector<std::string> killed;
    for (const NodeOutcome& node : facts.nodes)
        if (node.killed_by_fault && node.exit && !node.exit->success()) killed.push_back(node.name);
    if (facts.end == EndReason::finished) return "the federation has finished: its end line came";
    if (killed.empty()) return "all nodes finished";
    return fmt::format("all other nodes finished; the fault killed {}", fmt::join(killed, ", "));
}

std::string flap_text(const Tally& tally) {
    std::string text;
    for (const auto& [fault, cycles] : tally.cycles)
        text += fmt::format("; {} was on and off {}", fault,
                            cycles == 1 ? "once" : fmt::format("{} times", cycles));
    return text;
}

std::string unstopped_text(const Facts& facts) {
    std::string text;
    for (const FaultOutcome& outcome : facts.outcomes)
        for (const auto& [node, pause] : outcome.pauses)
            if (pause.unstopped > 0)
                text += fmt::format("; {} of {} processes of {} went on in the pause", pause.unstopped,
                                    pause.processes, node);
    return text;
}

Verdict finished(const Facts& facts) {
    if (facts.faults_asked == 0)
        return {"undisturbed", finished_text(facts) + "; no fault was asked for", exit_recovered};
    const Tally sum = tally(facts);
    std::string reason = finished_text(facts) + flap_text(sum);
    const char* const heal = sum.cycles.empty() ? "the heal" : "the last heal";
    const bool met = sum.lost + sum.queued > 0 || sum.of_processes;
    if (!sum.renumbered.empty())
        reason += fmt::format("; {}{} came back under another address",
                              met ? "" : "no packet met a fault, but ", fmt::join(sum.renumbered, ", "));
    if (!sum.noticed())
        reason += "; no packet met a fault, so nobody noticed";
    else if (sum.slowest)
        reason +=
            fmt::format("; data went both ways again within {:.3f} s of {}", seconds(*sum.slowest), heal);
    else if (sum.silent > 0)
        reason += fmt::format("; {} of {} times a node did not exchange data both ways after {}", sum.silent,
                              sum.healed, heal);
    if (sum.unhealed > 0) reason += "; a fault was active to the end";
    reason += unstopped_text(facts);
    return {"recovered", reason, exit_recovered};
}

Json losses_json(const Losses& losses) {
    return {{"total", losses.total()},
            {"router_up", losses.up},
            {"router_down", losses.down},
            {"unsendable_at_node", losses.unsendable}};
}

Json optional_seconds(const std::optional<Nanoseconds>& value) {
    return value ? Json(seconds(*value)) : Json(nullptr);
}

Json pause_json(const Pause& pause) {
    return {{"processes", pause.processes}, {"unstopped", pause.unstopped}};
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
        {"kind", kind_name(outcome.kind)},
        {"trigger", {{"node", outcome.trigger_node}, {"line", outcome.trigger_line}}},
        {"fired_s", seconds(outcome.fired)},
        {"healed_s", optional_seconds(outcome.healed)},
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
                         {"sent_again_s", optional_seconds(recovery.sent)},
                         {"received_again_s", optional_seconds(recovery.received)},
                         {"time_to_recover_s", optional_seconds(recovery.both())}});
        if (const auto pause = outcome.pauses.find(name); pause != outcome.pauses.end())
            nodes.back()["pause"] = pause_json(pause->second);
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

Json node_json(const NodeOutcome& node) {
    Json json = {{"node", node.name}, {"started", node.started}};
    if (node.starts > 1) json["starts"] = node.starts;
    json["ended"] = !node.started                       ? "never started"
                    : node.killed_by_fault && node.exit ? "killed by the fault"
                    : node.stopped_by_us || !node.exit  ? "stopped by netcut-fl"
                                                        : node.exit->text();
    json["finished"] = node.started && !node.stopped_by_us && node.exit && node.exit->success();
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

Json half_open_json(const HalfOpen& half) {
    const TcpSocket& socket = half.socket;
    return {{"node", half.node},
            {"peer", half.peer},
            {"local", fmt::format("{} port {}", socket.local.to_string(), socket.local_port)},
            {"remote", fmt::format("{} port {}", socket.remote.to_string(), socket.remote_port)},
            {"state", socket.state},
            {"unacknowledged_bytes", socket.send_queue},
            {"ms_since_sent", socket.ms_since_sent},
            {"ms_since_received", socket.ms_since_received}};
}

}  // namespace

std::optional<Nanoseconds> Recovery::both() const {
    if (!sent || !received) return {};
    return std::max(*sent, *received);
}

const char* error_kind_name(Error::Kind kind) {
    switch (kind) {
        case Error::Kind::usage:
            return "usage";
        case Error::Kind::machine:
            return "machine";
        case Error::Kind::internal:
            break;
    }
    return "internal";
}

int exit_status_of(const Error& error) {
    switch (error.kind) {
        case Error::Kind::usage:
            return 2;
        case Error::Kind::machine:
            return 3;
        case Error::Kind::internal:
            break;
    }
    return exit_internal;
}

Verdict judge(const Facts& facts) {
    if (facts.end == EndReason::failed) return {"error", facts.error.text(), exit_status_of(facts.error)};
    if (facts.end == EndReason::interrupted)  // the status that a shell gives for a signal
        return {"error",
                fmt::format("interrupted by signal {} ({})", facts.signal, ::sigdescr_np(facts.signal)),
                128 + facts.signal};
    if (const NodeOutcome* crash = first_crash(facts)) return crashed(facts, *crash);
    if (facts.end == EndReason::not_ready)
        return {"hung",
                facts.nodes.front().name + " did not become ready: its readiness line did not come in time",
                exit_failed};
    const bool done = facts.end == EndReason::all_exited || facts.end == EndReason::finished;
    if (facts.end == EndReason::all_exited)
        for (const NodeOutcome& node : facts.nodes)
            if (!node.started)
                return {"crashed",
                        fmt::format("{} ended before its readiness line came, and {} was never started",
                                    facts.nodes.front().name, node.name),
                        exit_failed};
    if (done || facts.outcomes.empty())
        if (!facts.unfired.empty()) return not_triggered(facts);
    if (!done) return hung(facts);
    return finished(facts);
}

Json verdict_json(const Facts& facts, const Verdict& verdict, const Scenario& scenario) {
    const auto expected = judge_expectations(facts, verdict, scenario.expect);
    Json json = {{"schema", 2},
                 {"name", scenario.name},
                 {"verdict", verdict.word},
                 {"reason", verdict.reason},
                 {"headline", headline(verdict, scenario.expect, expected)},
                 {"exit_status", exit_status_of(verdict, scenario.expect, expected)}};
    if (const auto met = passed(verdict, scenario.expect, expected)) json["passed"] = *met;
    if (!expected.empty()) json["expected"] = expected_json(expected);
    const Tally sum = tally(facts);
    Json outcomes = Json::array();
    for (const FaultOutcome& outcome : facts.outcomes) outcomes.push_back(outcome_json(outcome));
    json["noticed"] = sum.noticed();
    json["packets_lost"] = sum.lost;
    json["packets_queued"] = sum.queued;
    json["time_to_recover_s"] = optional_seconds(sum.slowest);
    json["faults"] = outcomes;
    json["rounds"] = rounds_json(facts.rounds);
    json["nodes"] = Json::array();
    for (const NodeOutcome& node : facts.nodes) json["nodes"].push_back(node_json(node));
    json["half_open"] = Json::array();
    for (const HalfOpen& half : facts.half_open) json["half_open"].push_back(half_open_json(half));
    return json;
}

}  // namespace netcut
