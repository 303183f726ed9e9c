// SPDX-License-Identifier: Apache-2.0
#include "verdict/conclusions.h"

#include <fmt/format.h>

#include <algorithm>

#include "verdict/tally.h"

namespace netcut {
namespace {

// Firings are in the order of their times.
const FaultOutcome* last_met(const Facts& facts, const std::string& node) {
    const auto met = std::find_if(facts.outcomes.rbegin(), facts.outcomes.rend(),
                                  [&](const FaultOutcome& outcome) { return has_met(outcome, node); });
    return met == facts.outcomes.rend() ? nullptr : &*met;
}

Recovery recovery_of(const FaultOutcome& outcome, const std::string& node) {
    const auto found = outcome.recovery.find(node);
    return found == outcome.recovery.end() ? Recovery{} : found->second;
}

bool holds_half_open(const Facts& facts, const std::string& node) {
    return std::any_of(facts.half_open.begin(), facts.half_open.end(),
                       [&](const HalfOpen& half) { return half.node == node; });
}

// unresolved_text tells the worst alone.
bool says_half_open(const Recovery& recovery) {
    const auto has = [&](Conversation::Outcome outcome) {
        return std::any_of(recovery.conversations.begin(), recovery.conversations.end(),
                           [&](const Conversation& one) { return one.outcome == outcome; });
    };
    return (has(Conversation::Outcome::half_open) || has(Conversation::Outcome::address_gone)) &&
           !has(Conversation::Outcome::stuck);
}

// A pause alone loses nothing, so that nothing need be done again.
bool has_lost(const FaultOutcome& fault, const std::string& node) {
    return fault.losses.at(node).total() > 0 || !recovery_of(fault, node).conversations.empty();
}

// The look at a firing ends when the next one fires, which may be soon: what went both ways later counts as well.
bool exchanged_since(const Facts& facts, const FaultOutcome& fault, const std::string& node) {
    return std::any_of(&fault, facts.outcomes.data() + facts.outcomes.size(),
                       [&](const FaultOutcome& one) { return recovery_of(one, node).exchanged; });
}

Conclusion conclude_ended(const Facts& facts, const NodeOutcome& node, const FaultOutcome& fault) {
    const Recovery recovery = recovery_of(fault, node.name);
    if (exchanged_since(facts, fault, node.name) || unresolved_text(recovery).empty() ||
        !has_lost(fault, node.name))
        return {node.name, Conclusion::Kind::took_part, "took part"};
    return {node.name, Conclusion::Kind::left,
            fmt::format("left with exit 0 after {}, {}", fault.fault,
                        !fault.healed                ? "which did not heal"
                        : node.ended < *fault.healed ? "before it healed"
                                                     : "which had healed, with its work not done")};
}

Conclusion conclude_running(const Facts& facts, const NodeOutcome& node, const FaultOutcome& fault) {
    if (!fault.healed && !recovery_of(fault, node.name).exchanged)
        return {node.name, Conclusion::Kind::cut_off,
                fmt::format("was cut off by {} to the end", fault.fault)};
    const Recovery recovery = recovery_of(fault, node.name);
    const std::string unresolved = !fault.healed ? "" : unresolved_text(recovery);
    if (unresolved.empty()) return {node.name, Conclusion::Kind::took_part, "took part"};
    const std::string waits = fmt::format("waits since {} healed: {}", fault.fault, unresolved);
    if (!holds_half_open(facts, node.name)) return {node.name, Conclusion::Kind::waits, waits};
    return {node.name, Conclusion::Kind::half_open,
            waits + (says_half_open(recovery) ? "" : ", and it holds a half-open connection")};
}

}  // namespace

std::vector<Conclusion> conclude(const Facts& facts) {
    std::vector<Conclusion> all;
    for (const NodeOutcome& node : facts.nodes) {
        if (!node.started || node.killed_by_fault) continue;
        const FaultOutcome* fault = last_met(facts, node.name);
        if (fault == nullptr) continue;
        const bool ended = node.exit && !node.stopped_by_us;
        if (!ended)
            all.push_back(conclude_running(facts, node, *fault));
        else if (node.exit->success() && node.after_fault)
            all.push_back(conclude_ended(facts, node, *fault));
    }
    return all;
}

bool has_finished(const NodeOutcome& node, const std::vector<Conclusion>& conclusions) {
    const bool left = std::any_of(conclusions.begin(), conclusions.end(), [&](const Conclusion& one) {
        return one.node == node.name && one.kind == Conclusion::Kind::left;
    });
    return node.started && !node.stopped_by_us && node.exit && node.exit->success() && !left;
}

}  // namespace netcut
