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
    return !node.stopped_by_us && node.exit && !node.exit->success();
}

bool was_cut(const Facts& facts, const NodeOutcome& node) {
    return std::any_of(facts.cuts.begin(), facts.cuts.end(),
                       [&](const CutOutcome& cut) { return cut.losses.contains(node.name); });
}

// The crash to name first: one before any cut explains all that follows; then one of a node that was cut,
// which is a likelier culprit than one that gave up because of it.
const NodeOutcome* first_crash(const Facts& facts) {
    const auto rank = [&](const NodeOutcome& node) {
        return !node.after_fault ? 2 : was_cut(facts, node) ? 1 : 0;
    };
    const NodeOutcome* first = nullptr;
    for (const NodeOutcome& node : facts.nodes)
        if (crashed_by_itself(node) && (first == nullptr || rank(node) > rank(*first))) first = &node;
    return first;
}

Verdict crashed(const Facts& facts, const NodeOutcome& first) {
    std::string reason = fmt::format("{} ended with {}", first.name, first.exit->text());
    reason += facts.cuts.empty()  ? ", before any fault"
              : first.after_fault ? " after the cut"
                                  : " before the cut";
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

// Of all cuts and nodes together.
struct Tally {
    std::uint64_t lost = 0;
    std::size_t unhealed = 0;  // cuts
    std::size_t silent = 0;    // nodes that did not exchange data both ways after a heal
    std::size_t healed = 0;    // nodes
    std::optional<Nanoseconds> slowest;
};

Tally tally(const Facts& facts) {
    Tally tally;
    for (const CutOutcome& cut : facts.cuts) {
        for (const auto& [node, losses] : cut.losses) tally.lost += losses.total();
        if (!cut.healed) ++tally.unhealed;
        for (const auto& [node, recovery] : cut.recovery) {
            ++tally.healed;
            if (recovery.both())
                tally.slowest = std::max(tally.slowest.value_or(Nanoseconds(0)), *recovery.both());
            else
                ++tally.silent;
        }
    }
    if (tally.silent > 0) tally.slowest.reset();
    return tally;
}

std::string unfired_text(const Facts& facts) {
    std::string text;
    for (const Unfired& unfired : facts.unfired)
        text += fmt::format(
            "{}{} {}", text.empty() ? "" : "; ", unfired.fault,
            unfired.line_came ? "was still in its delay when the run ended" : "never saw its moment");
    return text;
}

Verdict not_triggered(const Facts& facts) {
    const char* how = facts.end == EndReason::timeout ? "the run's time was over" : "all nodes ended";
    return {"not-triggered", fmt::format("{}: {}", how, unfired_text(facts)), exit_not_triggered};
}

Verdict finished(const Facts& facts) {
    if (facts.faults_asked == 0)
        return {"undisturbed", "all nodes finished; no fault was asked for", exit_recovered};
    const Tally sum = tally(facts);
    std::string reason = "all nodes finished";
    if (sum.lost == 0)
        reason += "; no packet was lost, so nobody noticed the cut";
    else if (sum.slowest)
        reason +=
            fmt::format("; data went both ways again within {:.3f} s of the heal", seconds(*sum.slowest));
    else if (sum.silent > 0)
        reason += fmt::format("; {} of {} times a node did not exchange data both ways after the heal",
                              sum.silent, sum.healed);
    if (sum.unhealed > 0) reason += "; a cut was active to the end";
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
    json["ended"] = !node.started                      ? "never started"
                    : node.stopped_by_us || !node.exit ? "stopped by netcut-fl"
                                                       : node.exit->text();
    json["finished"] = node.started && !node.stopped_by_us && node.exit && node.exit->success();
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
    if (facts.end == EndReason::all_exited)
        for (const NodeOutcome& node : facts.nodes)
            if (!node.started)
                return {"crashed",
                        fmt::format("{} ended before its readiness line came, and {} was never started",
                                    facts.nodes.front().name, node.name),
                        exit_failed};
    if (facts.end == EndReason::all_exited || facts.cuts.empty())
        if (!facts.unfired.empty()) return not_triggered(facts);
    if (facts.end != EndReason::all_exited) return hung(facts);
    return finished(facts);
}

Json verdict_json(const Facts& facts, const Verdict& verdict, const Scenario& scenario) {
    Json json = {{"schema", 1},
                 {"name", scenario.name},
                 {"verdict", verdict.word},
                 {"reason", verdict.reason},
                 {"exit_status", verdict.exit_status}};
    const Tally sum = tally(facts);
    Json cuts = Json::array();
    for (const CutOutcome& cut : facts.cuts) cuts.push_back(cut_json(cut));
    json["noticed"] = sum.lost > 0;
    json["packets_lost"] = sum.lost;
    json["time_to_recover_s"] = optional_seconds(sum.slowest);
    json["cuts"] = cuts;
    json["nodes"] = Json::array();
    for (const NodeOutcome& node : facts.nodes) json["nodes"].push_back(node_json(node));
    json["half_open"] = Json::array();
    for (const HalfOpen& half : facts.half_open) json["half_open"].push_back(half_open_json(half));
    return json;
}

}  // namespace netcut
