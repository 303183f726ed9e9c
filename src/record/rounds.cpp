// SPDX-License-Identifier: Apache-2.0
#include "record/rounds.h"

namespace netcut {

bool Rounds::is_new(const std::string& node, const std::string& round) const {
    const auto found = nodes_.find(node);
    return found == nodes_.end() || (!found->second.closed && !found->second.known.contains(round));
}

std::size_t Rounds::count(const std::string& node) const {
    const auto found = nodes_.find(node);
    return found == nodes_.end() ? 0 : found->second.told.size();
}

// A node may speak of a round again when the next has begun.
void Rounds::note(const std::string& node, const std::string& round, Nanoseconds t) {
    OfNode& of_node = nodes_[node];
    if (!of_node.closed && of_node.known.insert(round).second) of_node.told.emplace_back(round, t);
}

void Rounds::close(const std::string& node, Nanoseconds t) {
    OfNode& of_node = nodes_[node];
    if (of_node.closed) return;
    of_node.closed = t;
    of_node.known.clear();
}

RoundTimes Rounds::times(const std::vector<NodeOutcome>& nodes, RoundMark mark) const {
    RoundTimes most;
    for (const NodeOutcome& node : nodes) {
        const auto found = nodes_.find(node.name);
        if (found == nodes_.end()) continue;
        RoundTimes times = times_of(node, found->second, mark);
        if (times.rounds.size() > most.rounds.size()) most = std::move(times);
    }
    return most;
}

std::optional<Nanoseconds> Rounds::end_of_last(const NodeOutcome& node, const OfNode& rounds) const {
    if (rounds.closed) return rounds.closed;
    const bool ended_well = node.exit && node.exit->success() && !node.stopped_by_us;
    if (ended_well) return finished_ ? std::min(*finished_, node.ended) : node.ended;
    return finished_;
}

RoundTimes Rounds::times_of(const NodeOutcome& node, const OfNode& rounds, RoundMark mark) const {
    RoundTimes times{node.name, {}};
    const auto& told = rounds.told;
    for (std::size_t i = 0; i < told.size(); ++i) {
        const auto& [round, t] = told[i];
        if (mark == RoundMark::begin && finished_ && t >= *finished_) break;
        if (mark == RoundMark::end) {
            times.rounds.emplace_back(round, t - (i > 0 ? told[i - 1].second : std::min(begun_, t)));
            continue;
        }
        auto end = end_of_last(node, rounds);
        if (i + 1 < told.size()) end = std::min(told[i + 1].second, finished_.value_or(Nanoseconds::max()));
        if (end) times.rounds.emplace_back(round, *end - t);
    }
    return times;
}

}  // namespace netcut
