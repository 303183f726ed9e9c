// SPDX-License-Identifier: Apache-2.0
#include "scenario/fault_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "scenario/flap.h"
#include "scenario/text_check.h"
#include "scenario/triggers.h"

namespace netcut {
namespace {

using Key = const char*;

Failure wrong(const FaultSpec& fault, Key key, const std::string& why, const std::string& hint = {}) {
    return fault_failure(fault, key, why, hint);
}

Failure at(const FaultSpec& fault, Key key, const Error& error) {
    return fault_failure(fault, key, error);
}

const std::set<std::string>& common_keys() {
    static const std::set<std::string> keys = {"name", "kind",  "nodes", "on", "when",
                                               "for",  "times", "flap",  ""};
    return keys;
}

// Its kind may have been changed since they were read.
Result<void> check_values(const FaultSpec& fault) {
    for (const FaultKey& key : fault.kind->keys) {
        const auto value = fault.values.find(key.name);
        if (value == fault.values.end() || !key.type.check) continue;
        if (auto fits = key.type.check(key.name, std::get<std::string>(value->second)); !fits)
            return at(fault, key.name.c_str(), fits.error());
    }
    return {};
}

Result<void> check_keys(const FaultSpec& fault) {
    const FaultKind& kind = *fault.kind;
    for (const auto& [key, place] : fault.places) {
        if (const RefusedKey* refused = kind.refuses(key))
            return wrong(fault, refused->name, refused->why, refused->hint);
        if (common_keys().contains(key) || kind.key(key) != nullptr) continue;
        std::set<std::string> known = common_keys();
        for (const FaultKey& own : kind.keys) known.insert(own.name);
        for (const RefusedKey& refused : kind.refused) known.erase(refused.name);
        known.erase("");
        return wrong(fault, key.c_str(), fmt::format("the kind {} has no '{}'", kind.name, key),
                     fmt::format("it has: {}", fmt::join(known, ", ")));
    }
    if (fault.flap && fault.given("for"))
        return wrong(fault, "for", "how long it is on is said by flap: period and duty",
                     "leave one of them out");
    return check_values(fault);
}

Result<void> check_nodes(const Scenario& scenario, FaultSpec& fault) {
    if (fault.nodes.empty()) fault.nodes = {collaborator_name(scenario.collaborators)};
    fault.nodes = expanded_nodes(scenario, fault.nodes);
    const WordList peers = expanded_nodes(scenario, fault.list("peers"));
    if (!peers.empty()) fault.values["peers"] = peers;
    NETCUT_TRY(check_node_names(scenario, fault, "nodes", fault.nodes));
    return check_node_names(scenario, fault, "peers", peers);
}

Result<void> check_flap(const FaultSpec& fault) {
    if (!fault.flap) return {};
    const FlapSpec& flap = *fault.flap;
    if (flap.period < std::chrono::milliseconds(2))
        return wrong(fault, "flap", "its period is at least 2ms", "write flap: {period: 2s, count: 5}");
    if (!(flap.duty > 0 && flap.duty < 1))
        return wrong(fault, "flap", "its duty is more than 0% and less than 100%");
    if (flap.count == 0) return wrong(fault, "flap", "nothing says how often", "write count: 5");
    constexpr Nanoseconds shortest = std::chrono::milliseconds(1);  // that the kernel's lease can be
    if (std::chrono::duration<double>(flap.period) * flap.duty * (1 - flap.jitter) < shortest)
        return wrong(fault, "flap", "with this period, duty and jitter, a cycle may be on for less than 1ms");
    return {};
}

Result<void> check_when(const Scenario& scenario, FaultSpec& fault) {
    if (!fault.when) return {};
    WhenSpec& when = *fault.when;
    if (when.node.empty()) when.node = fault.nodes.front();
    for (const std::string* name : {&when.node, &when.peer})
        if (!name->empty())
            if (auto known = check_node(scenario, *name, "watch"); !known)
                return at(fault, "when", known.error());
    if (when.node == when.peer) return wrong(fault, "when", "a node is no peer of itself");
    if (fault.trigger.kind == FaultTrigger::Kind::none) fault.trigger.kind = FaultTrigger::Kind::start;
    return {};
}

Result<void> check_fault(const Scenario& scenario, FaultSpec& fault) {
    NETCUT_TRY(check_keys(fault));
    NETCUT_TRY(check_nodes(scenario, fault));
    if (fault.kind->check != nullptr) NETCUT_TRY(fault.kind->check(scenario, fault));
    NETCUT_TRY(check_flap(fault));
    if (fault.times == 0)
        return wrong(fault, "times", "it must happen at least once", "give --max-cuts 1 or more");
    if (fault.kind->refuses("for")) fault.duration.reset();
    NETCUT_TRY(check_when(scenario, fault));
    return check_trigger(scenario, fault);
}

// Each is kept in memory, and has an element of a set in the kernel.
constexpr std::size_t most_nodes_of_faults = 1'000'000, most_pairs_of_faults = 10'000'000;

std::size_t pairs_of_groups(const FaultSpec& fault) {
    std::size_t pairs = 0, nodes = 0;
    for (const WordList& group : fault.lists("groups")) {
        pairs += 2 * nodes * group.size();
        nodes += group.size();
    }
    return pairs;
}

// A scenario is read, and laid in the kernel, within moments.
Result<void> check_amount_of_faults(const Scenario& scenario) {
    constexpr std::size_t most_faults = 2000;
    constexpr std::uint64_t most_cycles = 1'000'000;
    if (scenario.faults.size() > most_faults)
        return usage_failure(fmt::format("do {} faults in one run", scenario.faults.size()),
                             fmt::format("there can be {} at most", most_faults),
                             "let one happen several times: times, flap");
    std::uint64_t cycles = 0;
    for (const FaultSpec& fault : scenario.faults) cycles += fault.flap ? fault.flap->count : 0;
    if (cycles <= most_cycles) return {};
    return usage_failure(fmt::format("let faults flap {} times in one run", cycles),
                         fmt::format("all together can do it {} times at most", most_cycles));
}

}  // namespace

Failure fault_failure(const FaultSpec& fault, const char* key, const std::string& why,
                      const std::string& hint) {
    const auto place = fault.places.find(fault.given(key) ? key : "");
    const std::string where = place == fault.places.end() ? "" : place->second + ": ";
    return usage_failure(fmt::format("prepare the fault '{}' ({})", fault.name, fault.kind->name),
                         where + why, hint);
}

Failure fault_failure(const FaultSpec& fault, const char* key, const Error& error) {
    return fault_failure(fault, key, error.attempt + ": " + error.reason, error.hint);
}

Result<void> check_node_names(const Scenario& scenario, const FaultSpec& fault, const char* key,
                              const WordList& names) {
    std::set<std::string> seen;
    for (const std::string& name : names) {
        if (auto known = check_node(scenario, name, "use"); !known) return at(fault, key, known.error());
        if (!seen.insert(name).second) return wrong(fault, key, name + " is named twice");
    }
    return {};
}

WordList expanded_nodes(const Scenario& scenario, const WordList& names) {
    const auto all = node_names(scenario);
    WordList result;
    for (const std::string& name : names) {
        if (name == "all")
            result.insert(result.end(), all.begin(), all.end());
        else if (name == "collaborators")
            result.insert(result.end(), all.begin() + 1, all.end());
        else
            result.push_back(name);
    }
    return result;
}

Result<void> check_faults(Scenario& scenario) {
    NETCUT_TRY(check_amount_of_faults(scenario));
    std::set<std::string> names;
    unsigned number = 0;
    for (FaultSpec& fault : scenario.faults) {
        ++number;
        if (fault.name.empty())
            fault.name = scenario.faults.size() == 1 ? "cut" : fmt::format("cut{}", number);
        if (!names.insert(fault.name).second)
            return wrong(fault, "name", "another fault has that name already");
        if (auto good = check_name(fault.name, "the fault"); !good) return at(fault, "name", good.error());
    }
    std::size_t nodes = 0, pairs = 0;
    for (FaultSpec& fault : scenario.faults) {
        NETCUT_TRY(check_fault(scenario, fault));
        nodes += fault.nodes.size() + fault.list("peers").size();
        pairs += pairs_of_groups(fault);
        if (nodes > most_nodes_of_faults || pairs > most_pairs_of_faults)
            return wrong(fault, "nodes", "all faults together have too many nodes, peers and pairs of nodes",
                         fmt::format("there can be {} nodes and peers, and {} pairs", most_nodes_of_faults,
                                     most_pairs_of_faults));
    }
    return check_order(scenario);
}

}  // namespace netcut
