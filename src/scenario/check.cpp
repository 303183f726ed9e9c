// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "netcut/scenario.h"
#include "netcut/trigger.h"

namespace netcut {
namespace {

Failure wrong(const std::string& what, const std::string& why, const std::string& hint = {}) {
    return usage_failure(what, why, hint);
}

Result<void> check_node(const Scenario& scenario, const std::string& name, const std::string& use) {
    if (node_index(scenario, name)) return {};
    return wrong(fmt::format("{} {}", use, name), "there is no such node",
                 fmt::format("the nodes are {} and {} to {}", aggregator_name, collaborator_name(1),
                             collaborator_name(scenario.collaborators)));
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
    if (fabric.kind == FabricKind::bridge && collaborators + 1 > max_bridge_ports)
        return wrong(fmt::format("put {} nodes on a bridge", collaborators + 1),
                     fmt::format("a Linux bridge has at most {} ports", max_bridge_ports),
                     "use --fabric routed, or fewer collaborators");
    return {};
}

Result<void> check_trigger(const Scenario& scenario, FaultSpec& fault) {
    LogTrigger& trigger = fault.trigger;
    const std::string use = fmt::format("prepare the fault '{}'", fault.name);
    if (trigger.pattern.empty())
        return wrong(use, "nothing says when it begins",
                     "give a log line: --cut-on PATTERN, or on: {log: PATTERN}");
    NETCUT_TRY(Pattern::parse(trigger.pattern));
    if (trigger.nth == 0) return wrong(use, "the n-th match is counted from 1");
    if (trigger.node.empty()) trigger.node = fault.nodes.front();
    return check_node(scenario, trigger.node, "watch");
}

Result<void> check_fault(const Scenario& scenario, FaultSpec& fault) {
    if (fault.nodes.empty()) fault.nodes = {collaborator_name(scenario.collaborators)};
    std::set<std::string> seen;
    for (const std::string& node : fault.nodes) {
        NETCUT_TRY(check_node(scenario, node, "cut"));
        if (!seen.insert(node).second) return wrong("cut " + node, "it is named twice in one fault");
    }
    const std::string use = fmt::format("prepare the fault '{}'", fault.name);
    const std::string kind = kind_name(fault.kind);
    if (fault.kind != CutKind::drop && fault.direction != Direction::both)
        return wrong(use, kind + " always loses both directions", "use the kind drop for one direction");
    if (fault.kind != CutKind::down && fault.down_end != LinkEnd::node)
        return wrong(use, kind + " has no end", "the end of the link is of the kind down alone");
    if (fault.kind != CutKind::unplug &&
        (fault.plug.new_address || fault.plug.new_mac || !fault.plug.announce))
        return wrong(use, kind + " keeps address and MAC",
                     "a new address or MAC, or no announcement, is of the kind unplug alone");
    if (fault.times == 0) return wrong(use, "it must happen at least once", "give --max-cuts 1 or more");
    return check_trigger(scenario, fault);
}

Result<void> check_faults(Scenario& scenario) {
    std::set<std::string> names;
    std::map<std::string, std::string> fault_of_node;
    unsigned number = 0;
    for (FaultSpec& fault : scenario.faults) {
        ++number;
        if (fault.name.empty())
            fault.name = scenario.faults.size() == 1 ? "cut" : fmt::format("cut{}", number);
        if (!names.insert(fault.name).second)
            return wrong("name a fault '" + fault.name + "'", "another one has that name already");
        NETCUT_TRY(check_fault(scenario, fault));
        for (const std::string& node : fault.nodes) {
            const auto [other, fresh] = fault_of_node.emplace(node, fault.name);
            if (!fresh)
                return wrong(
                    fmt::format("do the faults '{}' and '{}' to {}", other->second, fault.name, node),
                    "a node has one fault at most", "repeat it with times: N, or cut another node");
        }
    }
    return {};
}

Result<void> check_roles(const Scenario& scenario) {
    const auto check_role = [&](const RoleSpec& role, const char* name) -> Result<void> {
        if (!role.command.empty() && !role.command.front().empty()) return {};
        return wrong(fmt::format("start the {}", name), "it has no command",
                     fmt::format("give --{} 'COMMAND', or --template {}", name, template_names().front()));
    };
    NETCUT_TRY(check_role(scenario.aggregator, "aggregator"));
    return check_role(scenario.collaborator, "collaborator");
}

// Every word in braces must stand for something; what for does not matter yet.
Result<void> check_words(const Scenario& scenario) {
    const ExpandContext context{collaborator_name(1), 1, "work", "bin"};
    NETCUT_TRY(expand(scenario.prepare, scenario, context));
    for (const RoleSpec* role : {&scenario.aggregator, &scenario.collaborator}) {
        NETCUT_TRY(expand(role->command, scenario, context));
        NETCUT_TRY(expand(role->aliases, scenario, context));
        NETCUT_TRY(expand({role->cwd}, scenario, context));
        for (const auto& [name, value] : role->env) NETCUT_TRY(expand({value}, scenario, context));
    }
    return {};
}

}  // namespace

std::string collaborator_name(unsigned index) {
    return fmt::format("collaborator{}", index);
}

std::vector<std::string> node_names(const Scenario& scenario) {
    std::vector<std::string> names{aggregator_name};
    for (unsigned i = 1; i <= scenario.collaborators; ++i) names.push_back(collaborator_name(i));
    return names;
}

std::optional<std::size_t> node_index(const Scenario& scenario, const std::string& name) {
    const auto names = node_names(scenario);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return {};
    return static_cast<std::size_t>(found - names.begin());
}

Result<void> check(Scenario& scenario) {
    if (scenario.collaborators < 1 || scenario.collaborators > max_nodes - 1)
        return wrong(fmt::format("run {} collaborators", scenario.collaborators),
                     fmt::format("there must be 1 to {}", max_nodes - 1), "see --cols");
    if (std::any_of(scenario.name.begin(), scenario.name.end(),
                    [](unsigned char c) { return std::iscntrl(c) != 0; }))
        return wrong("name the run so", "a name has no control characters");
    if (scenario.name.empty() || scenario.name.find('/') != std::string::npos ||
        scenario.name.starts_with('.'))
        return wrong("name the run '" + scenario.name + "'",
                     "a name has no slash and does not begin with a dot");
    NETCUT_TRY(check_fabric(scenario.fabric, scenario.collaborators));
    NETCUT_TRY(check_roles(scenario));
    NETCUT_TRY(check_words(scenario));
    for (const std::string* pattern : {&scenario.ready, &scenario.progress})
        if (!pattern->empty()) NETCUT_TRY(Pattern::parse(*pattern));
    if (scenario.timeout <= Nanoseconds(0))
        return wrong("run with a timeout of 0", "the run would end at once", "give --timeout 10m");
    if (scenario.hang_after <= Nanoseconds(0))
        return wrong("wait 0 for progress", "every run would count as hung", "give --hang-after 60s");
    return check_faults(scenario);
}

}  // namespace netcut
