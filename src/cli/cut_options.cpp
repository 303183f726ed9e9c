// SPDX-License-Identifier: Apache-2.0
#include "cli/cut_options.h"

#include "base/time.h"
#include "cli/option_values.h"
#include "fault/moments.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/triggers.h"
#include "scenario/words.h"
#include "scenario/yaml.h"

namespace netcut::cli {
namespace {

bool any_cut_option(const RunOptions& options) {
    return options.cut_when || options.after || options.round || options.armed_by || options.when ||
           options.kind || options.direction || options.down_at || options.watch || options.nth ||
           options.delay || options.reconnect_after || options.max_cuts || !options.cuts.empty() ||
           options.new_ip || options.new_mac || options.no_announce;
}

// Notes where a key of the fault came from, for errors.
template <typename T>
void note(FaultSpec& fault, const char* key, const char* option, const T& given) {
    if (given) fault.places[key] = {option};
}

Result<void> set_key(FaultSpec& fault, const char* key, const char* option,
                     const std::optional<std::string>& text) {
    if (!text) return {};
    std::string value;
    NETCUT_TRY(set_parsed(value, option, text, [&](const std::string& word) -> Result<std::string> {
        NETCUT_TRY(find_key(*fault.kind, key)->type.check(key, word));
        return word;
    }));
    fault.values[key] = value;
    note(fault, key, option, text);
    return {};
}

std::optional<std::string> word_if(bool given, const char* word) {
    return given ? std::optional<std::string>(word) : std::nullopt;
}

Result<void> apply_phase(FaultTrigger& trigger, const RunOptions& options) {
    PhaseMoment& moment = trigger.phase;
    if (options.cut_when) trigger.kind = FaultTrigger::Kind::phase;
    if (trigger.kind != FaultTrigger::Kind::phase) {
        if (options.after || options.round || options.armed_by)
            return usage_failure("use --after, --round or --armed-by", "they belong to a phase",
                                 "give --cut-when PHASE too");
        set_if(trigger.node, options.watch);
        return {};
    }
    NETCUT_TRY(set_parsed(moment.kind, "--cut-when", options.cut_when, parse_phase));
    if (options.after) NETCUT_TRY(parse_phase_after(*options.after, moment));
    NETCUT_TRY(set_count(moment.round, "--round", options.round));
    set_if(moment.armed_by, options.armed_by);
    set_if(moment.armed_by_node, options.watch);
    return {};
}

Result<void> apply_begin(FaultSpec& fault, const RunOptions& options) {
    if (options.cut_on && options.cut_when)
        return usage_failure("use --cut-on and --cut-when", "a cut begins on one of them",
                             "give the line as --armed-by");
    if (options.cut_on) fault.trigger.kind = FaultTrigger::Kind::log;
    set_if(fault.trigger.pattern, options.cut_on);
    NETCUT_TRY(apply_phase(fault.trigger, options));
    NETCUT_TRY(set_count(fault.trigger.nth, "--nth", options.nth));
    NETCUT_TRY(set_parsed(fault.trigger.delay, "--delay", options.delay, parse_duration));
    NETCUT_TRY(set_parsed(fault.when, "--when", options.when, parse_when));
    note(fault, "on", "--cut-on", options.cut_on);
    note(fault, "on", "--cut-when", options.cut_when);
    note(fault, "when", "--when", options.when);
    return {};
}

}  // namespace

Result<void> apply_cut(Scenario& scenario, const RunOptions& options) {
    if (!options.cut_on && !any_cut_option(options)) return {};
    if (scenario.faults.size() > 1)
        return usage_failure("change the cut", "the scenario has several faults",
                             "change them where they are");
    if (!options.cut_on && !options.cut_when && !options.when && scenario.faults.empty())
        return usage_failure(
            "cut a node", "nothing says when",
            options.faults.empty()
                ? "give --cut-on PATTERN, --cut-when PHASE or --when MOMENT"
                : "give --cut-on PATTERN, --cut-when PHASE or --when MOMENT for a cut beside "
                  "the --fault; what is said of that one belongs in its braces");
    if (scenario.faults.empty()) scenario.faults.emplace_back();
    FaultSpec& fault = scenario.faults.front();
    NETCUT_TRY(apply_begin(fault, options));
    NETCUT_TRY(set_parsed(fault.kind, "--kind", options.kind, parse_kind));
    NETCUT_TRY(set_key(fault, "direction", "--direction", options.direction));
    NETCUT_TRY(set_key(fault, "end", "--down-at", options.down_at));
    NETCUT_TRY(set_key(fault, "address", "--new-ip", word_if(options.new_ip, "new")));
    NETCUT_TRY(set_key(fault, "mac", "--new-mac", word_if(options.new_mac, "new")));
    NETCUT_TRY(set_key(fault, "announce", "--no-announce", word_if(options.no_announce, "false")));
    NETCUT_TRY(set_count(fault.times, "--max-cuts", options.max_cuts));
    NETCUT_TRY(set_parsed(fault.duration, "--for", options.reconnect_after, parse_heal_time));
    if (!options.cuts.empty()) fault.nodes = options.cuts;
    note(fault, "kind", "--kind", options.kind);
    note(fault, "times", "--max-cuts", options.max_cuts);
    note(fault, "for", "--for", options.reconnect_after);
    note(fault, "nodes", "--cut", !options.cuts.empty());
    return {};
}

Result<void> apply_faults(Scenario& scenario, const std::vector<std::string>& texts) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::string name = texts.size() == 1 ? "--fault" : fmt::format("--fault {}", i + 1);
        NETCUT_TRY(read_fault_yaml(scenario.faults.emplace_back(), texts[i], name));
    }
    return {};
}

void add_cut_options(CLI::App& command, RunOptions& options) {
    Group group(command, "The cut");
    group.add("--cut-on", options.cut_on, "PATTERN",
              "Cut when a log line contains this; * stands for anything, re:EXPR is a regular expression");
    group.add("--cut-when", options.cut_when, "PHASE",
              "Cut in a phase of a node's work: computing, waiting, idle, sending, receiving, or reply-lost: "
              "an upload is whole, and its reply is the first packet that is lost");
    group.add("--after", options.after, "TIME|BYTES",
              "How far into the phase: 200ms, or 64KiB of sending or receiving, exact to the packet");
    group.add("--round", options.round, "N", "Not before the progress lines have named this round");
    group.add("--armed-by", options.armed_by, "PATTERN", "Not before this log line (of --watch)");
    group.add("--when", options.when, "MOMENT",
              fmt::format("Cut at a moment on the wire: {}; then: node NAME, peer NAME, port N",
                          fmt::join(moment_forms(), ", ")));
    group.add("--fault", options.faults, "FAULT",
              "A fault as in a scenario file: '{kind: loss, model: iid 1%, on: start, for: never}'");
    group.add("--cut", options.cuts, "NODE", "The node to cut (default: the last collaborator)");
    group.add("--kind", options.kind, "KIND",
              "drop (default), down, unplug or another that netcut-fl faults lists");
    group.add("--for,--reconnect-after", options.reconnect_after, "TIME",
              "How long a cut lasts: 20s (default), 500ms, never");
    group.add("--max-cuts", options.max_cuts, "N", "Cut at most N times (default: 1)");
    group.add("--watch", options.watch, "NODE",
              "The node whose log is watched (default: the one that is cut)");
    group.add("--nth", options.nth, "N",
              "Count from the Nth line that matches, or the Nth phase (default: 1)");
    group.add("--delay", options.delay, "TIME", "How long to wait between the line and the cut (default: 0)");
    group.add("--direction", options.direction, "DIRECTION",
              "For --kind drop: which packets of the node are lost, up, down or both (default)");
    group.add("--down-at", options.down_at, "END",
              "For --kind down: which end of the link, node (default) or router");
    group.add_flag("--new-ip", options.new_ip, "For --kind unplug: come back with another address");
    group.add_flag("--new-mac", options.new_mac, "For --kind unplug: come back with another MAC address");
    group.add_flag("--no-announce", options.no_announce,
                   "For --kind unplug: do not announce the return by ARP");
}

}  // namespace netcut::cli
