// SPDX-License-Identifier: Apache-2.0
#include "run/rounds.h"

namespace netcut {

bool RoundBegins::is_new(const std::string& node, const std::string& round) const {
    const auto found = nodes_.find(node);
    return found == nodes_.end() || (!found->second.closed && !found->second.known.contains(round));
}

std::size_t RoundBegins::count(const std::string& node) const {
    const auto found = nodes_.find(node);
    return found == nodes_.end() ? 0 : found->second.begins.size();
}

// A node may speak of a round again when the next has begun.
void RoundBegins::note(const std::string& node, const std::string& round, Nanoseconds t) {
    OfNode& of_node = nodes_[node];
    if (!of_node.closed && of_node.known.insert(round).second) of_node.begins.emplace_back(round, t);
}

void RoundBegins::close(const std::string& node, Nanoseconds t) {
    OfNode& of_node = nodes_[node];
    if (of_node.closed) return;
    of_node.closed = t;
    of_node.known.clear();
}

RoundTimes RoundBegins::times(const std::vector<NodeOutcome>& nodes) const {
    RoundTimes most;
    for (const NodeOutcome& node : nodes) {
        const auto found = nodes_.find(node.name);
        if (found == nodes_.end() || found->second.begins.size() <= most.rounds.size()) continue;
        most = times_of(node, found->second);
    }
    return most;
}

RoundTimes RoundBegins::times_of(const NodeOutcome& node, const OfNode& rounds) {
    RoundTimes times{node.name, rounds.begins};
    Nanoseconds end = rounds.closed.value_or(node.ended);
    for (auto round = times.rounds.rbegin(); round != times.rounds.rend(); ++round) {
        const Nanoseconds begin = round->second;
        round->second = end - begin;
        end = begin;
    }
    const bool is_last_whole = rounds.closed || (node.exit && node.exit->success());
    if (!is_last_whole) times.rounds.pop_back();
    return times;
}

}  // namespace netcut
