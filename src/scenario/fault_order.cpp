// SPDX-License-Identifier: Apache-2.0
//
// What the faults of a scenario are to each other: who waits for whom, and who is in whose way.
#include <fmt/format.h>

#include <algorithm>

#include "scenario/fault_check.h"

namespace netcut {
namespace {

const FaultSpec* find(const Scenario& scenario, const std::string& name) {
    for (const FaultSpec& fault : scenario.faults)
        if (fault.name == name) return &fault;
    return nullptr;
}

bool waits_for_another(const FaultSpec& fault) {
    return fault.trigger.kind == FaultTrigger::Kind::after ||
           fault.trigger.kind == FaultTrigger::Kind::together;
}

bool never_heals(const FaultSpec& fault) {
    return !fault.duration && !fault.flap;
}

// How often it begins, and ends.
std::uint64_t firings(const FaultSpec& fault) {
    return std::uint64_t{fault.times} * (fault.flap ? fault.flap->count : 1);
}

std::string times_text(const FaultSpec& fault) {
    return firings(fault) == 1 ? "once" : fmt::format("{} times", firings(fault));
}

Result<void> check_waiting(const Scenario& scenario, const FaultSpec& fault) {
    if (!waits_for_another(fault)) return {};
    const FaultSpec* const other = find(scenario, fault.trigger.fault);
    if (other == nullptr)
        return fault_failure(fault, "on", fmt::format("there is no fault '{}'", fault.trigger.fault));
    if (fault.trigger.kind == FaultTrigger::Kind::after && never_heals(*other))
        return fault_failure(fault, "on", fmt::format("the fault '{}' never heals", other->name),
                             fmt::format("write on: {{with: {}, delay: 5s}}", other->name));
    if (fault.trigger.nth > firings(*other))
        return fault_failure(fault, "on",
                             fmt::format("the fault '{}' happens {}", other->name, times_text(*other)));
    return {};
}

Result<void> check_circle(const Scenario& scenario, const FaultSpec& fault) {
    const FaultSpec* at = &fault;
    for (std::size_t step = 0; step < scenario.faults.size() && waits_for_another(*at); ++step) {
        at = find(scenario, at->trigger.fault);
        if (at == &fault) return fault_failure(fault, "on", "a fault cannot wait for itself");
    }
    return {};
}

// Whether it only begins when the other has ended for the last time.
bool follows(const Scenario& scenario, const FaultSpec& fault, const FaultSpec& other) {
    for (const FaultSpec* at = &fault; at->trigger.kind == FaultTrigger::Kind::after;) {
        const FaultSpec* const before = find(scenario, at->trigger.fault);
        if (at->trigger.nth < firings(*before)) return false;
        if (before == &other) return true;
        at = before;
    }
    return false;
}

std::string moment_text(const FaultSpec& fault) {
    return fault.when ? when_text(*fault.when) : "";
}

bool begin_together(const FaultSpec& one, const FaultSpec& other) {
    const auto with = [](const FaultSpec& fault, const FaultSpec& first) {
        return fault.trigger.kind == FaultTrigger::Kind::together && fault.trigger.fault == first.name &&
               fault.trigger.delay == Nanoseconds(0) && !fault.when;
    };
    return with(one, other) || with(other, one) ||
           (one.trigger == other.trigger && moment_text(one) == moment_text(other));
}

bool changes_link(FaultKind kind) {
    return kind == FaultKind::down || kind == FaultKind::unplug || kind == FaultKind::renumber;
}

// Why they cannot both be done to `node`; nothing if they can.
std::string contradiction(const Scenario& scenario, const FaultSpec& one, const FaultSpec& other,
                          const std::string& node) {
    const bool in_turn = follows(scenario, one, other) || follows(scenario, other, one);
    if (changes_link(one.kind) && changes_link(other.kind) && !in_turn)
        return fmt::format("the fault '{}' takes the link of {} away too", other.name, node);
    if (one.kind == FaultKind::pause && other.kind == FaultKind::pause && !in_turn)
        return fmt::format("the fault '{}' pauses {} too", other.name, node);
    if (is_of_processes(one.kind) && is_of_processes(other.kind) && begin_together(one, other))
        return fmt::format("the fault '{}' ({}) acts on the processes of {} at the same moment", other.name,
                           kind_name(other.kind), node);
    return {};
}

Result<void> check_contradictions(const Scenario& scenario, const FaultSpec& one, const FaultSpec& other) {
    for (const std::string& node : one.nodes) {
        if (std::find(other.nodes.begin(), other.nodes.end(), node) == other.nodes.end()) continue;
        const std::string why = contradiction(scenario, one, other, node);
        if (why.empty()) continue;
        const std::string nth = firings(other) > 1 ? fmt::format(", nth: {}", firings(other)) : "";
        return fault_failure(one, "nodes", why,
                             fmt::format("let it begin after that: on: {{after: {}{}}}; or repeat one with "
                                         "times: N",
                                         other.name, nth));
    }
    return {};
}

}  // namespace

Result<void> check_order(const Scenario& scenario) {
    for (const FaultSpec& fault : scenario.faults) NETCUT_TRY(check_waiting(scenario, fault));
    for (const FaultSpec& fault : scenario.faults) NETCUT_TRY(check_circle(scenario, fault));
    for (const FaultSpec& one : scenario.faults)
        for (const FaultSpec& other : scenario.faults) {
            if (&one == &other) break;  // each pair once
            NETCUT_TRY(check_contradictions(scenario, one, other));
        }
    return {};
}

}  // namespace netcut
