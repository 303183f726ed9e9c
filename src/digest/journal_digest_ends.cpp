// SPDX-License-Identifier: Apache-2.0
//
// What a journal says of how things stood when its run was stopped.
#include <algorithm>

#include "base/json.h"
#include "base/time.h"
#include "digest/journal_digest.h"
#include "phase/phase.h"
#include "record/facts.h"
#include "record/run_state.h"

namespace netcut {

std::optional<std::size_t> JournalDigest::node_number(const std::string& name) const {
    const auto number = state_.node_number(name);
    return number && *number < nodes_.size() ? number : std::nullopt;
}

std::string JournalDigest::node_with_address(const std::string& address) const {
    const auto owner = owners_.find(address);
    return owner == owners_.end() ? std::string() : node_name(owner->second);
}

bool JournalDigest::ran_at(std::size_t node, Nanoseconds t) const {
    const NodeState& state = state_.nodes()[node];
    return state.begun && *state.begun <= t && (!state.outcome.exit || state.outcome.ended > t);
}

bool JournalDigest::ended_by_itself(std::size_t node) const {
    const NodeOutcome& outcome = state_.nodes()[node].outcome;
    return outcome.exit && !outcome.stopped_by_us;
}

std::string JournalDigest::phase_at(std::size_t node, Nanoseconds t) const {
    const auto& spans = nodes_[node].phases.spans();
    const auto after =
        std::find_if(spans.begin(), spans.end(), [&](const PhaseSpan& span) { return span.from > t; });
    return word_of(after == spans.begin() ? Phase::unknown : static_cast<Phase>(std::prev(after)->phase));
}

std::vector<std::size_t> JournalDigest::hit_first() const {
    std::vector<bool> hit(nodes_.size());
    for (const Firing& firing : state_.firings())
        for (const std::size_t node : nodes_of(firing)) hit[node] = true;
    std::vector<std::size_t> nodes;
    for (std::size_t node = 0; node < nodes_.size(); ++node) nodes.push_back(node);
    std::stable_partition(nodes.begin(), nodes.end(), [&](std::size_t node) { return hit[node]; });
    return nodes;
}

}  // namespace netcut
