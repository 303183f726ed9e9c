// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "netcut/run.h"

namespace netcut {
namespace {

constexpr int exit_recovered = 0, exit_failed = 1, exit_not_triggered = 4, exit_internal = 5;

double seconds(Nanoseconds value) {
    return std::chrono::duration<double>(value).count();
}

std::vector<std::string> names_of_running(const Facts& facts) {
    std::vector<std::string> names;
    for (const NodeOutcome& node : facts.nodes)
        if (node.stopped_by_us || !node.exit) names.push_back(node.name);
    return names;
}

std::string half_open_text(const Facts& facts) {
    if (facts.half_open.empty()) return {};
    const HalfOpen& first = facts.half_open.front();
    return fmt::format("; {} holds a connection to {} that is gone there (half open)", first.node,
                       first.peer);
}

// A crash: a node that ended by itself, and not well.
const NodeOutcome* first_crash(const Facts& facts) {
    // The node that was cut is the more likely culprit than one that gave up because of it.
    const NodeOutcome* crash = nullptr;
    for (const NodeOutcome& node : facts.nodes) {
        if (node.stopped_by_us || !node.exit || node.exit->success()) continue;
        const bool was_cut = std::any_of(facts.cuts.begin(), facts.cuts.end(), [&](const CutOutcome& cut) {
            return cut.losses.count(node.name) != 0;
        });
        if (crash == nullptr || was_cut) crash = &node;
    }
    return crash;
}

Verdict crashed(const Facts& facts, const NodeOutcome& node) {
    std::string reason = fmt::format("{} ended with {}", node.name, node.exit->text());
    reason += facts.cuts.empty() ? ", before any fault"
              : node.after_fault ? " after the cut"
                                 : " before the cut";
    const auto running = names_of_running(facts);
    if (!running.empty() && facts.end == EndReason::hung)
        reason += fmt::format("; {} waited {} without progress", fmt::join(running, ", "),
                              duration_text(facts.waited_for_progress));
    return {"crashed", reason + half_open_text(facts), exit_failed};
}

Verdict hung(const Facts& facts) {
    const auto running = names_of_running(facts);
    std::string reason =
        facts.end == EndReason::timeout
            ? fmt::format("the run's time was over and {} had not ended", fmt::join(running, ", "))
            : fmt::format("no progress for {}; {} did not end", duration_text(facts.waited_for_progress),
                          fmt::join(running, ", "));
    return {"hung", reason + half_open_text(facts), exit_failed};
}

Verdict finished(const Facts& facts) {
    if (facts.faults_asked == 0)
        return {"undisturbed", "all nodes finished; no fault was asked for", exit_recovered};
    std::uint64_t lost = 0;
    std::optional<Nanoseconds> slowest;
    for (const CutOutcome& cut : facts.cuts) {
        for (const auto& [node, losses] : cut.losses) lost += losses.total();
        for (const auto& [node, recovery] : cut.recovery)
            if (recovery.both()) slowest = std::max(slowest.value_or(Nanoseconds(0)), *recovery.both());
    }
    std::string reason = "all nodes finished";
    if (lost == 0)
        reason += "; the cut lost no packet, so nobody noticed it";
    else if (slowest)
        reason += fmt::format("; data went both ways again within {:.3f} s of the heal", seconds(*slowest));
    else
        reason += "; the cut node exchanged no data after the heal";
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

Json cut_json(const CutOutcome& cut) {
    Json json = {{"fault", cut.fault},
                 {"kind", kind_name(cut.kind)},
                 {"trigger", {{"node", cut.trigger_node}, {"line", cut.trigger_line}}},
                 {"fired_s", seconds(cut.fired)},
                 {"healed_s", optional_seconds(cut.healed)},
                 {"lasted_s", cut.healed ? Json(seconds(*cut.healed - cut.fired)) : Json(nullptr)}};
    Json nodes = Json::array();
    for (const auto& [name, losses] : cut.losses) {
        const auto found = cut.recovery.find(name);
        const Recovery recovery = found == cut.recovery.end() ? Recovery{} : found->second;
        nodes.push_back({{"node", name},
                         {"packets_lost", losses_json(losses)},
                         {"sent_again_s", optional_seconds(recovery.sent)},
                         {"received_again_s", optional_seconds(recovery.received)},
                         {"time_to_recover_s", optional_seconds(recovery.both())}});
    }
    json["nodes"] = nodes;
    return json;
}

Json node_json(const NodeOutcome& node) {
    Json json = {{"node", node.name}, {"started", node.started}};
    json["ended"] = node.stopped_by_us || !node.exit ? "stopped by netcut-fl" : node.exit->text();
    json["finished"] = !node.stopped_by_us && node.exit && node.exit->success();
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

Verdict judge(const Facts& facts) {
    if (facts.end == EndReason::failed) return {"error", facts.detail, exit_internal};
    if (facts.end == EndReason::interrupted)  // the status that a shell gives for a signal
        return {"error",
                fmt::format("interrupted by signal {} ({})", facts.signal, ::sigdescr_np(facts.signal)),
                128 + facts.signal};
    if (const NodeOutcome* crash = first_crash(facts)) return crashed(facts, *crash);
    if (facts.faults_asked > 0 && facts.cuts.empty())
        return {"not-triggered",
                facts.end == EndReason::timeout ? "the run's time was over before the fault's moment came"
                                                : "all nodes ended and the fault's moment never came",
                exit_not_triggered};
    if (facts.end != EndReason::all_exited) return hung(facts);
    return finished(facts);
}

Json verdict_json(const Facts& facts, const Verdict& verdict, const Scenario& scenario) {
    Json json = {{"schema", 1},
                 {"name", scenario.name},
                 {"verdict", verdict.word},
                 {"reason", verdict.reason},
                 {"exit_status", verdict.exit_status}};
    std::uint64_t lost = 0;
    std::optional<Nanoseconds> slowest;
    Json cuts = Json::array();
    for (const CutOutcome& cut : facts.cuts) {
        cuts.push_back(cut_json(cut));
        for (const auto& [node, losses] : cut.losses) lost += losses.total();
        for (const auto& [node, recovery] : cut.recovery)
            if (recovery.both()) slowest = std::max(slowest.value_or(Nanoseconds(0)), *recovery.both());
    }
    json["noticed"] = lost > 0;
    json["packets_lost"] = lost;
    json["time_to_recover_s"] = optional_seconds(slowest);
    json["cuts"] = cuts;
    json["nodes"] = Json::array();
    for (const NodeOutcome& node : facts.nodes) json["nodes"].push_back(node_json(node));
    json["half_open"] = Json::array();
    for (const HalfOpen& half : facts.half_open) json["half_open"].push_back(half_open_json(half));
    return json;
}

}  // namespace netcut
