// SPDX-License-Identifier: Apache-2.0
//
// What a journal says of how things stood when its run was stopped.
#include <algorithm>

#include "report/journal_digest.h"

namespace netcut {

std::optional<std::size_t> JournalDigest::node_number(const std::string& name) const {
    const auto found = node_numbers_.find(name);
    if (found == node_numbers_.end()) return {};
    return found->second;
}

std::string JournalDigest::node_with_address(const std::string& address) const {
    for (const NodeDigest& node : nodes_)
        if (std::find(node.addresses.begin(), node.addresses.end(), address) != node.addresses.end())
            return node.name;
    return {};
}

bool JournalDigest::ran_at(std::size_t node, Nanoseconds t) const {
    const NodeDigest& digest = nodes_[node];
    return digest.started && *digest.started <= t && (!digest.exited || *digest.exited > t);
}

bool JournalDigest::ended_by_itself(std::size_t node) const {
    return nodes_[node].exited && !nodes_[node].stopped_by_us;
}

std::string JournalDigest::phase_at(std::size_t node, Nanoseconds t) const {
    const auto& spans = nodes_[node].phases.spans();
    const auto after =
        std::find_if(spans.begin(), spans.end(), [&](const PhaseSpan& span) { return span.from > t; });
    return after == spans.begin() ? "unknown" : phase_names[std::prev(after)->phase];
}

std::vector<std::size_t> JournalDigest::hit_first() const {
    std::vector<bool> hit(nodes_.size());
    for (const Band& band : bands_)
        for (const std::size_t node : band.nodes) hit[node] = true;
    std::vector<std::size_t> nodes;
    for (std::size_t node = 0; node < nodes_.size(); ++node) nodes.push_back(node);
    std::stable_partition(nodes.begin(), nodes.end(), [&](std::size_t node) { return hit[node]; });
    return nodes;
}

}  // namespace netcut
