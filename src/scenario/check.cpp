// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "netcut/trigger.h"
#include "scenario/fault_check.h"
#include "scenario/text_check.h"

namespace netcut {
namespace {

Failure wrong(const std::string& what, const std::string& why, const std::string& hint = {}) {
    return usage_failure(what, why, hint);
}

Result<void> check_fabric(const FabricOptions& fabric, unsigned collaborators) {
    const unsigned least = fabric.ipv6 ? 1280 : 68;  // RFC 8200, 5; RFC 791, 3.2
    if (fabric.mtu < least || fabric.mtu > 65535)
        return wrong(fmt::format("use an MTU of {}", fabric.mtu),
                     fmt::format("it must be from {} to 65535", least),
                     fabric.ipv6 ? "smaller ones, down to 68, need --ip 4" : "");
    if (fabric.rate) {
        const double queued = static_cast<double>(fabric.rate->bits_per_second) / 8 *
                              std::chrono::duration<double>(fabric.rate->queue).count();
        if (fabric.rate->queue <= Nanoseconds(0) || queued > 1e9)
            return wrong(fmt::format("queue packets for {}", duration_text(fabric.rate->queue)),
                         "at this rate it must be more than nothing and less than 1 GB");
    }
    const bool server = fabric.name_server;
    if (fabric.kind == FabricKind::bridge && collaborators + 1 + (server ? 1 : 0) > max_bridge_ports)
        return wrong(
            fmt::format("put {} nodes{} on a bridge", collaborators + 1, server ? " and a name server" : ""),
            fmt::format("a Linux bridge has at most {} ports", max_bridge_ports),
            "use --fabric routed, or fewer collaborators");
    return {};
}

Result<void> check_roles(const Scenario& scenario) {
    const auto check_role = [&](const RoleSpec& role, const char* name) -> Result<void> {
        if (!role.command.empty() && !role.command.front().empty()) return {};
        return wrong(fmt::format("start the {}", name), "it has no command",
                     fmt::format("give --{} 'COMMAND', or --template NAME (see netcut-fl templates)", name));
    };
    NETCUT_TRY(check_role(scenario.aggregator, "aggregator"));
    return check_role(scenario.collaborator, "collaborator");
}

Result<void> check_stage_words(const Scenario& scenario, const StageSpec& stage,
                               const ExpandContext& context) {
    for (const auto* words : {&stage.version, &stage.inputs, &stage.makes})
        NETCUT_TRY(expand(*words, scenario, context));
    for (const StageCommand& command : stage.commands) {
        for (const auto* words : {&command.run, &command.only_if, &command.unless})
            NETCUT_TRY(expand(*words, scenario, context));
        for (const std::string& text : {command.cwd, command.wanted})
            NETCUT_TRY(expand_text(text, scenario, context));
    }
    return {};
}

// Every word in braces must stand for something; what for does not matter yet.
Result<void> check_words(const Scenario& scenario) {
    const ExpandContext context{collaborator_name(1), 1, "work", "bin", "path"};
    NETCUT_TRY(expand(scenario.prepare, scenario, context));
    for (const RoleSpec* role : {&scenario.aggregator, &scenario.collaborator}) {
        NETCUT_ASSIGN(const auto command, expand(role->command, scenario, context));
        if (command.empty())
            return wrong(fmt::format("start a node with '{}'", fmt::join(role->command, " ")),
                         "it stands for nothing", "give it with --set NAME='COMMAND'");
        NETCUT_TRY(expand(role->aliases, scenario, context));
        NETCUT_TRY(expand(role->logs, scenario, context));
        NETCUT_TRY(expand_text(role->cwd, scenario, context));
        NETCUT_TRY(expand_values(role->env, scenario, context));
    }
    NETCUT_TRY(expand_values(scenario.env, scenario, context));
    for (const NeedSpec& need : scenario.needs) NETCUT_TRY(expand(need.test, scenario, context));
    for (const StageSpec& stage : scenario.stages) NETCUT_TRY(check_stage_words(scenario, stage, context));
    return {};
}

}  // namespace

bool uses_parameter(const Scenario& scenario, const std::string& name) {
    Scenario without = scenario;
    without.parameters.erase(name);
    return check_words(scenario) && !check_words(without);
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
    return fabric.rate && bytes_in(fabric.rate->bits_per_second, fabric.rate->queue) < largest_unsegmented;
}

// Fills in "all".
Result<void> check_uplink_nodes(Scenario& scenario) {
    FabricOptions& fabric = scenario.fabric;
    if (fabric.uplink.empty()) return {};
    if (fabric.kind == FabricKind::bridge)
        return wrong("give nodes of a bridge a way out", "faults act on what is forwarded between them alone",
                     "use --fabric routed");
    if (fabric.uplink == std::vector<std::string>{"all"}) fabric.uplink = node_names(scenario);
    for (const std::string& name : fabric.uplink) NETCUT_TRY(check_node(scenario, name, "give a way out to"));
    return {};
}

Result<void> check_expectations(const Scenario& scenario) {
    for (const LogExpectation& log : scenario.expect.logs) {
        NETCUT_TRY(Pattern::parse(log.pattern));
        NETCUT_TRY(check_node(scenario, log.node, "expect a line of"));
    }
    if (scenario.expect.rounds > 0 && scenario.progress.empty())
        return wrong("expect rounds", "nothing says what a round is",
                     "give a progress pattern: progress: 're:round ([0-9]+)'");
    return {};
}

}  // namespace

Result<void> check_node(const Scenario& scenario, const std::string& name, const std::string& use) {
    if (node_index(scenario, name)) return {};
    return wrong(fmt::format("{} {}", use, name), "there is no such node",
                 fmt::format("the nodes are {} and {} to {}", aggregator_name, collaborator_name(1),
                             collaborator_name(scenario.collaborators)));
}

std::string collaborator_name(unsigned index) {
    return fmt::format("collaborator{}", index);
}

std::vector<std::string> node_names(const Scenario& scenario) {
    std::vector<std::string> names{aggregator_name};
    for (unsigned i = 1; i <= scenario.collaborators; ++i) names.push_back(collaborator_name(i));
    return names;
}

std::optional<std::size_t> node_index(const Scenario& scenario, const std::string& name) {
    if (name == aggregator_name) return 0;
    const std::size_t digits = name.find_first_of("123456789");
    unsigned index = 0;
    if (digits == std::string::npos ||
        std::from_chars(name.data() + digits, name.data() + name.size(), index).ec != std::errc())
        return {};
    if (index > scenario.collaborators || name != collaborator_name(index)) return {};
    return index;
}

std::vector<std::size_t> node_indices(const Scenario& scenario, const WordList& names) {
    std::vector<std::size_t> all;
    all.reserve(names.size());
    for (const std::string& name : names) all.push_back(node_index(scenario, name).value());
    return all;
}

Result<void> check(Scenario& scenario) {
    if (scenario.collaborators < 1 || scenario.collaborators > max_nodes - 1)
        return wrong(fmt::format("run {} collaborators", scenario.collaborators),
                     fmt::format("there must be 1 to {}", max_nodes - 1), "see --cols");
    NETCUT_TRY(check_name(scenario.name, "the run"));
    NETCUT_TRY(check_fabric(scenario.fabric, scenario.collaborators));
    NETCUT_TRY(check_uplink_nodes(scenario));
    NETCUT_TRY(check_roles(scenario));
    NETCUT_TRY(check_words(scenario));
    for (const std::string* pattern : {&scenario.ready, &scenario.progress, &scenario.end})
        if (!pattern->empty()) NETCUT_TRY(Pattern::parse(*pattern));
    if (scenario.timeout <= Nanoseconds(0))
        return wrong("run with a timeout of 0", "the run would end at once", "give --timeout 10m");
    if (scenario.hang_after <= Nanoseconds(0))
        return wrong("wait 0 for progress", "every run would count as hung", "give --hang-after 60s");
    NETCUT_TRY(check_faults(scenario));
    NETCUT_TRY(check_texts(scenario));
    NETCUT_TRY(check_expectations(scenario));
    if (needs_segments(scenario.fabric) ||
        std::any_of(scenario.faults.begin(), scenario.faults.end(),
                    [](const FaultSpec& fault) { return needs_segments(fault); }))
        scenario.fabric.single_segments = true;
    return {};
}

}  // namespace netcut
