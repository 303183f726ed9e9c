// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/time.h"
#include "record/facts.h"
#include "scenario/scenario.h"

namespace netcut {

// When each node first spoke of each round, since the run began, and what follows about how long they took. It
// takes the same time however many there are: a node may print new ones without end.
class Rounds {
  public:
    // The first round begins now at the earliest: nodes run.
    void begin(Nanoseconds t) { begun_ = t; }
    // All work is done: the last round is finished, and none begins any more. The line that says so may be the one
    // that tells of the round's end.
    void finish(Nanoseconds t) { finished_ = t; }

    bool is_new(const std::string& node, const std::string& round) const;
    std::size_t count(const std::string& node) const;
    // A node has spoken of a round at `t`; only the first time counts.
    void note(const std::string& node, const std::string& round, Nanoseconds t);
    // What a node says from `t` on is not noted any more; a round that had begun is finished.
    void close(const std::string& node, Nanoseconds t);

    // Those that are finished, of the node that finished the most, the first of `nodes` before others. One that had
    // begun is finished when the node has ended by itself with success.
    RoundTimes times(const std::vector<NodeOutcome>& nodes, RoundMark mark) const;

  private:
    struct OfNode {
        std::vector<std::pair<std::string, Nanoseconds>> told;
        std::unordered_set<std::string> known;
        std::optional<Nanoseconds> closed;
    };
    std::optional<Nanoseconds> end_of_last(const NodeOutcome& node, const OfNode& rounds) const;
    RoundTimes times_of(const NodeOutcome& node, const OfNode& rounds, RoundMark mark) const;

    Nanoseconds begun_{0};
    std::optional<Nanoseconds> finished_;
    std::map<std::string, OfNode> nodes_;
};

}  // namespace netcut
