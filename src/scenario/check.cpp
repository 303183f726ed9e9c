// SPDX-License-Identifier: Apache-2.0
#include "scenario/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/time.h"
#include "fabric/options.h"
#include "fault/plan.h"
#include "link/rate.h"
#include "scenario/churn.h"
#include "scenario/expand.h"
#include "scenario/fault_check.h"
#include "scenario/fault_spec.h"
#include "scenario/link.h"
#include "scenario/mistakes.h"
#include "scenario/plan.h"
#include "scenario/safety_yaml.h"
#include "scenario/site.h"
#include "scenario/tcp.h"
#include "scenario/text_check.h"
#include "scenario/triggers.h"
#include "trigger/pattern.h"

namespace netcut {
namespace {

Failure wrong(const std::string& what, const std::string& why, const std::string& hint = {},
              Mistake mistake = Mistake::value) {
    return usage_failure(what, why, hint, mistake);
}

Result<void> check_size(const Scenario& scenario) {
    if (scenario.collaborators >= 1 && scenario.collaborators <= max_nodes - 1) return {};
    return wrong(fmt::format("run {} collaborators", scenario.collaborators),
                 fmt::format("there must be 1 to {}", max_nodes - 1), "see --cols");
}

Result<void> check_mtu(const Scenario& scenario) {
    const FabricOptions& fabric = scenario.fabric;
    const unsigned least = fabric.ipv6 ? 1280 : 68;  // RFC 8200, 5; RFC 791, 3.2
    if (fabric.mtu >= least && fabric.mtu <= 65535) return {};
    return wrong(fmt::format("use an MTU of {}", fabric.mtu),
                 fmt::format("it must be from {} to 65535", least),
                 fabric.ipv6 ? "smaller ones, down to 68, need --ip 4" : "");
}

Result<void> check_queue(const Scenario& scenario) {
    const auto& rate = scenario.fabric.rate;
    if (!rate) return {};
    const double queued = static_cast<double>(rate->bits_per_second) / 8 * seconds(rate->queue);
    if (rate->queue > Nanoseconds(0) && queued <= 1e9) return {};
    return wrong(fmt::format("queue packets for {}", duration_text(rate->queue)),
                 "at this rate it must be more than nothing and less than 1 GB");
}

Result<void> check_bridge(const Scenario& scenario) {
    const bool server = scenario.fabric.name_server;
    const std::size_t ports = scenario.collaborators + 1 + (server ? 1 : 0);
    if (scenario.fabric.kind != FabricKind::bridge || ports <= max_bridge_ports) return {};
    return wrong(fmt::format("put {} nodes{} on a bridge", scenario.collaborators + 1,
                             server ? " and a name server" : ""),
                 fmt::format("a Linux bridge has at most {} ports", max_bridge_ports),
                 "use --fabric routed, or fewer collaborators");
}

Result<void> check_command(const RoleSpec& role, const char* name) {
    if (!role.command.empty() && !role.command.front().empty()) return {};
    return wrong(fmt::format("start the {}", name), "it has no command",
                 fmt::format("give --{} 'COMMAND', or --template NAME (see netcut-fl templates)", name),
                 Mistake::missing);
}

// Every word in braces must stand for something; what for does not matter yet.
const ExpandContext& some_node() {
    static const ExpandContext context{collaborator_name(1), 1, "work", "bin", "path"};
    return context;
}

Result<void> check_words(const Scenario& scenario, const std::vector<std::string>& words) {
    NETCUT_TRY(expand(words, scenario, some_node()));
    return {};
}

Result<void> check_values(const Scenario& scenario, const std::map<std::string, std::string>& values) {
    NETCUT_TRY(expand_values(values, scenario, some_node()));
    return {};
}

Result<void> check_command_words(const Scenario& scenario, const RoleSpec& role) {
    if (role.command.empty()) return {};  // that is said elsewhere
    NETCUT_ASSIGN(const auto command, expand(role.command, scenario, some_node()));
    if (!command.empty()) return {};
    return wrong(fmt::format("start a node with '{}'", fmt::join(role.command, " ")), "it stands for nothing",
                 "give it with --set NAME='COMMAND'", Mistake::missing);
}

Result<void> check_stage_words(const Scenario& scenario, const StageSpec& stage) {
    for (const auto* words : {&stage.version, &stage.inputs, &stage.makes})
        NETCUT_TRY(check_words(scenario, *words));
    for (const StageCommand& command : stage.commands) {
        for (const auto* words : {&command.run, &command.only_if, &command.unless})
            NETCUT_TRY(check_words(scenario, *words));
        for (const std::string& text : {command.cwd, command.wanted})
            NETCUT_TRY(expand_text(text, scenario, some_node()));
    }
    return {};
}

// One thing that can be wrong with a scenario.
struct Check {
    std::string key;              // where it is given
    std::vector<std::string> of;  // the keys that it is judged by
    std::function<Result<void>(Scenario&)> check;
};

std::vector<Check> role_word_checks(const std::string& name, RoleSpec Scenario::*role) {
    const auto key = [&](const char* of_role) { return name + "." + of_role; };
    const std::vector<std::string> of = {name, "parameters"};
    return {{key("command"), of, [role](Scenario& all) { return check_command_words(all, all.*role); }},
            {key("aliases"), of, [role](Scenario& all) { return check_words(all, (all.*role).aliases); }},
            {key("logs"), of, [role](Scenario& all) { return check_words(all, (all.*role).logs); }},
            {key("cwd"), of, [role](Scenario& all) { return check_words(all, {(all.*role).cwd}); }},
            {key("env"), of, [role](Scenario& all) { return check_values(all, (all.*role).env); }}};
}

const std::vector<Check>& word_checks() {
    static const std::vector<Check> all = [] {
        std::vector<Check> checks = {{"prepare", {"prepare", "parameters"}, [](Scenario& scenario) {
                                          return check_words(scenario, scenario.prepare);
                                      }}};
        for (const Check& check : role_word_checks("aggregator", &Scenario::aggregator))
            checks.push_back(check);
        for (const Check& check : role_word_checks("collaborator", &Scenario::collaborator))
            checks.push_back(check);
        checks.push_back({"env", {"env", "parameters"}, [](Scenario& scenario) {
                              return check_values(scenario, scenario.env);
                          }});
        checks.push_back({"tcp", {"tcp", "parameters", "collaborators"}, check_tcp});
        checks.push_back({"link", {"link", "parameters", "collaborators", "fabric"}, check_links});
        checks.push_back({"needs", {"needs", "parameters"}, [](Scenario& scenario) -> Result<void> {
                              for (const NeedSpec& need : scenario.needs)
                                  NETCUT_TRY(check_words(scenario, need.test));
                              return {};
                          }});
        checks.push_back({"stages", {"stages", "parameters"}, [](Scenario& scenario) -> Result<void> {
                              for (const StageSpec& stage : scenario.stages)
                                  NETCUT_TRY(check_stage_words(scenario, stage));
                              return {};
                          }});
        return checks;
    }();
    return all;
}

Result<void> check_all_words(Scenario scenario) {
    for (const Check& one : word_checks()) NETCUT_TRY(one.check(scenario));
    return {};
}

}  // namespace

bool uses_parameter(const Scenario& scenario, const std::string& name) {
    Scenario without = scenario;
    without.parameters.erase(name);
    return check_all_words(scenario) && !check_all_words(without);
}

namespace {

constexpr std::uint64_t largest_unsegmented = 65536;  // bytes: GSO_LEGACY_MAX_SIZE in linux/netdevice.h

// Faults that tell packets apart by number or size are exact only if one packet is one segment, and a queue
// that holds less than what comes unsegmented would lose all of it.
bool needs_segments(const FaultSpec& fault) {
    if (fault.kind->counts_packets || fault.when || !fault.text("beyond").empty()) return true;
    if (fault.trigger.kind == FaultTrigger::Kind::phase && fault.trigger.phase.on_the_wire()) return true;
    const PacketAction action = action_of(fault);
    const Queue* queue = std::get_if<Queue>(&action);
    return queue != nullptr && queue->spec.bits_per_second && queue->spec.room() < largest_unsegmented;
}

bool needs_segments(const FabricOptions& fabric) {
    if (std::any_of(fabric.sites.begin(), fabric.sites.end(),
                    [](const SiteSpec& site) { return site.up.has_value(); }))
        return true;
    return fabric.rate && bytes_in(fabric.rate->bits_per_second, fabric.rate->queue) < largest_unsegmented;
}

// Fills in "all".
Result<void> check_uplink_nodes(Scenario& scenario) {
    FabricOptions& fabric = scenario.fabric;
    if (fabric.uplink.empty()) return {};
    if (fabric.kind == FabricKind::bridge)
        return wrong("give nodes of a bridge a way out", "faults act on what is forwarded between them alone",
                     "use --fabric routed", Mistake::conflict);
    if (fabric.uplink == std::vector<std::string>{"all"}) fabric.uplink = node_names(scenario);
    for (const std::string& name : fabric.uplink) NETCUT_TRY(check_node(scenario, name, "give a way out to"));
    return {};
}

Result<void> check_expected_logs(const Scenario& scenario) {
    for (const LogExpectation& log : scenario.expect.logs) {
        NETCUT_TRY(Pattern::parse(log.pattern));
        NETCUT_TRY(check_node(scenario, log.node, "expect a line of"));
    }
    return {};
}

Result<void> check_expected_rounds(const Scenario& scenario) {
    if (scenario.expect.rounds == 0 || !scenario.progress.empty()) return {};
    return wrong("expect rounds", "nothing says what a round is",
                 "give a progress pattern: progress: 're:round ([0-9]+)'", Mistake::missing);
}

Result<void> check_expected_safety(const Scenario& scenario) {
    if (scenario.expect.counted_once && !scenario.counted.any())
        return wrong("expect that each update is counted once", "nothing says which log lines tell of that",
                     "give counted: (docs/safety.md)", Mistake::missing);
    if (scenario.expect.model_as_undisturbed && !scenario.model.any())
        return wrong("expect the model to be as undisturbed", "nothing says what tells of the model",
                     "give model: (docs/safety.md)", Mistake::missing);
    return {};
}

Result<void> check_pattern(const std::string& pattern) {
    if (!pattern.empty()) NETCUT_TRY(Pattern::parse(pattern));
    return {};
}

Result<void> check_timeout(const Scenario& scenario) {
    if (scenario.timeout > Nanoseconds(0)) return {};
    return wrong("run with a timeout of 0", "the run would end at once", "give --timeout 10m");
}

Result<void> check_hang_after(const Scenario& scenario) {
    if (scenario.hang_after > Nanoseconds(0)) return {};
    return wrong("wait 0 for progress", "every run would count as hung", "give --hang-after 60s");
}

const std::vector<Check>& checks_before_faults() {
    static const std::vector<Check> all = [] {
        std::vector<Check> checks = {
            {"collaborators", {"collaborators"}, check_size},
            {"name", {"name"}, [](Scenario& all) { return check_name(all.name, "the run"); }},
            {"fabric.mtu", {"fabric"}, check_mtu},
            {"fabric.queue", {"fabric"}, check_queue},
            {"fabric.kind", {"fabric", "collaborators"}, check_bridge},
            {"fabric.uplink", {"fabric", "collaborators"}, check_uplink_nodes},
            {"sites", {"sites", "fabric", "collaborators"}, check_sites},
            {"aggregator",
             {"aggregator", "template"},
             [](Scenario& all) { return check_command(all.aggregator, "aggregator"); }},
            {"collaborator", {"collaborator", "template"}, [](Scenario& all) {
                 return check_command(all.collaborator, "collaborator");
             }}};
        checks.insert(checks.end(), word_checks().begin(), word_checks().end());
        checks.insert(checks.end(),
                      {{"ready", {"ready"}, [](Scenario& all) { return check_pattern(all.ready); }},
                       {"progress", {"progress"}, [](Scenario& all) { return check_pattern(all.progress); }},
                       {"end", {"end"}, [](Scenario& all) { return check_pattern(all.end); }},
                       {"counted", {"counted", "parameters"}, check_counted},
                       {"model", {"model", "parameters"}, check_model},
                       {"churn", {"churn", "collaborators"}, make_churn},
                       {"timeout", {"timeout"}, check_timeout},
                       {"hang_after", {"hang_after"}, check_hang_after}});
        return checks;
    }();
    return all;
}

const std::vector<Check>& checks_after_faults() {
    static const std::vector<Check> all = {{"", {}, check_texts},
                                           {"expect.logs", {"expect", "collaborators"}, check_expected_logs},
                                           {"expect.rounds", {"expect", "progress"}, check_expected_rounds},
                                           {"expect", {"expect", "counted", "model"}, check_expected_safety}};
    return all;
}

void look(const std::vector<Check>& checks, Scenario& scenario, const Reading& reading, Mistakes& mistakes) {
    for (const Check& one : checks) {
        if (mistakes.full()) return;
        const bool misread = reading.is_misread("*") ||
                             std::any_of(one.of.begin(), one.of.end(),
                                         [&](const std::string& key) { return reading.is_misread(key); });
        if (!misread) mistakes.add(one.check(scenario), reading.place_of(one.key));
    }
}

}  // namespace

Result<void> check_node(const Scenario& scenario, const std::string& name, const std::string& use) {
    if (node_index(scenario, name)) return {};
    return wrong(fmt::format("{} {}", use, name), "there is no such node",
                 fmt::format("the nodes are {} and {} to {}", aggregator_name, collaborator_name(1),
                             collaborator_name(scenario.collaborators)),
                 Mistake::unknown_name);
}

void find_mistakes(Scenario& scenario, const Reading& reading, Mistakes& mistakes) {
    look(checks_before_faults(), scenario, reading, mistakes);
    if (!mistakes.full()) check_faults(scenario, reading, mistakes);
    look(checks_after_faults(), scenario, reading, mistakes);
}

Result<void> check(Scenario& scenario) {
    Mistakes first(1);
    find_mistakes(scenario, {}, first);
    if (first.full()) return Failure(first.found().front());
    if (needs_segments(scenario.fabric) || !scenario.link.empty() ||
        std::any_of(scenario.faults.begin(), scenario.faults.end(),
                    [](const FaultSpec& fault) { return needs_segments(fault); }))
        scenario.fabric.single_segments = true;
    return {};
}

}  // namespace netcut
