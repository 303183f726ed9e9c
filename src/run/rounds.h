// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "netcut/run.h"

namespace netcut {

// When each node first spoke of each round, since the run began. It takes the same time however many there
// are: a node may print new ones without end.
class RoundBegins {
  public:
    bool is_new(const std::string& node, const std::string& round) const;
    std::size_t count(const std::string& node) const;
    // A node has spoken of a round at `t`; only the first time counts.
    void note(const std::string& node, const std::string& round, Nanoseconds t);
    // What a node says from `t` on is not noted any more; its last round ended then.
    void close(const std::string& node, Nanoseconds t);

    // Of the node that told of the most rounds, the first of `nodes` before others. Its last round ends with
    // itself.
    RoundTimes times(const std::vector<NodeOutcome>& nodes) const;

  private:
    struct OfNode {
        std::vector<std::pair<std::string, Nanoseconds>> begins;
        std::unordered_set<std::string> known;
        std::optional<Nanoseconds> closed;
    };
    static RoundTimes times_of(const NodeOutcome& node, const OfNode& rounds);
    std::map<std::string, OfNode> nodes_;
};

}  // namespace netcut
