// SPDX-License-Identifier: Apache-2.0
#include "verdict/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "base/time.h"
#include "verdict/conclusions.h"
#include "verdict/tally.h"

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
    const std::string holds = fmt::format("; {} holds a connection to ", first.node);
    if (first.address_gone)
        return fmt::format("{}{} from {}, an address that it no longer has (half open)", holds, first.peer,
                           first.socket.local.to_string());
    if (first.peer == "nobody")
        return fmt::format("{}{}, an address that no node has any more (half open)", holds,
                           first.socket.remote.to_string());
    return fmt::format("{}{} that is gone there (half open)", holds, first.peer);
}

std::string conclusions_text(const std::vector<Conclusion>& conclusions, bool (*wanted)(const Conclusion&)) {
    std::string text;
    for (const Conclusion& one : conclusions)
        if (wanted(one)) text += fmt::format("; {} {}", one.node, one.text);
    return text;
}

bool is_left(const Conclusion& one) {
    return one.kind == Conclusion::Kind::left;
}

bool is_stuck(const Conclusion& one) {
    return one.stuck();
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

// Who has done its work, or thinks so, while another node was cut off from it: nobody else can go on with it then.
std::string ended_in_fault_text(const Facts& facts) {
    std::vector<std::string> names;
    for (const NodeOutcome& node : facts.nodes) {
        const bool in_order =
            node.exit && node.exit->success() && !node.stopped_by_us && !node.killed_by_fault;
        const auto within = [&](const FaultOutcome& fault) {
            return fault.healed && fault.fired <= node.ended && node.ended <= *fault.healed;
        };
        if (in_order && std::any_of(facts.outcomes.begin(), facts.outcomes.end(), within))
            names.push_back(node.name);
    }
    if (names.empty()) return {};
    return fmt::format("; {} ended by {} with exit code 0 during the fault", fmt::join(names, ", "),
                       names.size() == 1 ? "itself" : "themselves");
}

bool is_certain(const Facts& facts) {
    return facts.proof && facts.proof->proof == Proof::certain;
}

// How long it was waited for, and for what.
std::string waited_text(const Facts& facts) {
    if (facts.proof && facts.proof->proof == Proof::known && facts.proof->in_state_ns)
        return fmt::format("in a state in which it is known to hang, for {:.1f} s",
                           seconds(*facts.proof->in_state_ns));
    return "no progress for " + duration_text(facts.waited_for_progress);
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
        reason += is_certain(facts) ? fmt::format("; {} could never have gone on", fmt::join(running, ", "))
                                    : fmt::format("; {} waited {} without progress", fmt::join(running, ", "),
                                                  duration_text(facts.waited_for_progress));
    return {Judgement::crashed, reason + ended_in_fault_text(facts) + half_open_text(facts), exit_failed,
            first.name, first.exit};
}

Verdict hung(const Facts& facts) {
    if (facts.preparing)
        return {Judgement::hung, "the run's time was over and its preparation had not ended", exit_failed};
    const auto running = names_of_running(facts);
    std::string reason =
        is_certain(facts)
            ? fmt::format("nothing in it could ever go on; {} did not end", fmt::join(running, ", "))
        : facts.end == EndReason::timeout
            ? fmt::format("the run's time was over and {} had not ended", fmt::join(running, ", "))
            : fmt::format("{}; {} did not end", waited_text(facts), fmt::join(running, ", "));
    return {Judgement::hung,
            reason + ended_in_fault_text(facts) + conclusions_text(conclude(facts), is_left) +
                half_open_text(facts),
            exit_failed};
}

std::string missed_text(unsigned replies) {
    return replies == 1
               ? "missed a reply, which had passed before it could be lost"
               : fmt::format("missed {} replies, which had passed before they could be lost", replies);
}

std::string unfired_text(const Facts& facts) {
    std::string text;
    for (const Unfired& unfired : facts.unfired)
        text += fmt::format("{}{} {}", text.empty() ? "" : "; ", unfired.fault,
                            unfired.delayed      ? "was still in its delay when the run ended"
                            : unfired.missed > 0 ? missed_text(unfired.missed)
                            : unfired.armed      ? "was armed, but its moment on the wire did not come"
                                                 : "never saw its moment");
    return text;
}

Verdict not_triggered(const Facts& facts) {
    const char* how = facts.end == EndReason::timeout    ? "the run's time was over"
                      : facts.end == EndReason::finished ? "the federation has finished"
                                                         : end_text(facts.end);
    return {Judgement::not_triggered, fmt::format("{}: {}", how, unfired_text(facts)), exit_not_triggered};
}

std::string finished_text(const Facts& facts) {
    std::vector<std::string> killed;
    for (const NodeOutcome& node : facts.nodes)
        if (node.killed_by_fault && node.exit && !node.exit->success()) killed.push_back(node.name);
    if (facts.end == EndReason::finished) return "the federation has finished: its end line came";
    if (facts.end == EndReason::collaborators_ended && killed.empty()) return "all collaborators finished";
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
        return {Judgement::undisturbed, finished_text(facts) + "; no fault was asked for", exit_recovered};
    const Tally sum = tally(facts);
    std::string reason = finished_text(facts) + flap_text(sum);
    const char* const heal = sum.cycles.empty() ? "the heal" : "the last heal";
    if (!sum.renumbered.empty())
        reason +=
            fmt::format("; {}{} came back under another address",
                        sum.met() ? "" : "no packet met a fault, but ", fmt::join(sum.renumbered, ", "));
    if (!sum.noticed())
        reason += "; no packet met a fault, so nobody noticed";
    else if (sum.work_resumed)
        reason += fmt::format("; work went on within {:.3f} s of {}", seconds(*sum.work_resumed), heal);
    else if (sum.silent > 0)
        reason += fmt::format("; {} of {} times the work of a node did not go on after {}; {}", sum.silent,
                              sum.healed, heal, sum.why_silent);
    if (sum.unhealed > 0) reason += "; a fault was active to the end";
    reason += unstopped_text(facts);
    return {Judgement::recovered, reason, exit_recovered};
}

}  // namespace

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
    if (facts.end == EndReason::failed)
        return {Judgement::error, facts.error.text(), exit_status_of(facts.error)};
    if (facts.end == EndReason::interrupted)  // the status that a shell gives for a signal
        return {Judgement::error,
                fmt::format("interrupted by signal {} ({})", facts.signal, ::sigdescr_np(facts.signal)),
                128 + facts.signal};
    if (const NodeOutcome* crash = first_crash(facts)) return crashed(facts, *crash);
    if (facts.end == EndReason::not_ready)
        return {Judgement::hung,
                facts.nodes.front().name + " did not become ready: its readiness line did not come in time",
                exit_failed};
    const bool done = is_done(facts.end);
    if (facts.end == EndReason::all_exited)
        for (const NodeOutcome& node : facts.nodes)
            if (!node.started)
                return {Judgement::crashed,
                        fmt::format("{} ended before its readiness line came, and {} was never started",
                                    facts.nodes.front().name, node.name),
                        exit_failed, facts.nodes.front().name, facts.nodes.front().exit};
    if (done || facts.outcomes.empty())
        if (!facts.unfired.empty()) return not_triggered(facts);
    if (!done) return hung(facts);
    const auto conclusions = conclude(facts);
    const std::string left = conclusions_text(conclusions, is_left);
    if (const std::string stuck = conclusions_text(conclusions, is_stuck); !stuck.empty())
        return {Judgement::hung, end_text(facts.end) + stuck + left, exit_failed};
    if (!left.empty()) return {Judgement::left, end_text(facts.end) + left, exit_failed};
    return finished(facts);
}

}  // namespace netcut
