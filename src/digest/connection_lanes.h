// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "record/event.h"

namespace netcut {

// What became of each connection of a node, for its lane on a page: of bounded size. All is counted, also what is not drawn.
class ConnectionLanes {
  public:
    // `peer`: the node that has the remote address then.
    void take(std::size_t node, std::optional<std::size_t> peer, Nanoseconds t,
              const event::ConnectionChanged& changed);

    // As src/page/web/README.md says of `connections`.
    Json data() const;
    std::uint64_t connections_left_out() const { return more_lanes_; }
    std::uint64_t changes_left_out() const { return more_changes_; }

  private:
    using Key = std::tuple<std::size_t, std::string, std::string>;  // node, local and remote end
    struct Mark {
        Nanoseconds t{0};
        ConnectionChange change;
        std::string state;
        std::uint32_t attempts = 0, rto_us = 0;
    };
    struct Lane {
        std::size_t node = 0;
        std::optional<std::size_t> peer;
        std::string local, remote;
        Nanoseconds from{0};
        std::optional<Nanoseconds> to;
        std::string state{};  // the last one
        std::uint64_t resent = 0, probes = 0, full = 0, left_out = 0;
        std::uint32_t attempts = 0;
        std::optional<Nanoseconds> sent_again{};  // when TCP did so last, and waits
        Nanoseconds longest_wait{0};
        std::vector<Mark> marks{};
        Json to_json() const;
    };

    Lane* lane_of(const Key& key, std::optional<std::size_t> peer, Nanoseconds t);
    void draw(Lane& lane, Mark mark);

    std::vector<Lane> lanes_;
    std::map<Key, std::size_t> open_;  // their places
    std::size_t marks_ = 0;
    std::uint64_t more_lanes_ = 0, more_changes_ = 0;
};

}  // namespace netcut
