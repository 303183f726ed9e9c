// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "record/link_events.h"
#include "scenario/link.h"
#include "scenario/scenario.h"

namespace netcut {

// Whether what a record says of links over time agrees with the scenario and its traces. Each call returns what is wrong, or nothing.
class LinkRules {
  public:
    explicit LinkRules(const Scenario& scenario) : scenario_(scenario) {}

    std::string take(const std::string& node, const event::NodeLink& told);
    std::string take(const event::LinksSeen& seen);
    void take(const event::LinksSummed& sum) { late_ = std::max(late_, sum.latest_ns); }
    // Packets passed as if there were no trace for a while.
    void stood_still() { stood_still_ = true; }
    // When all lines are read: how late rates were set is told after most of what follows from it.
    std::string finish() const;
    // Time passes from here on.
    void begin(Nanoseconds at) { begun_ = at; }

  private:
    struct Side {
        LinkSide wanted{};
        std::optional<TraceCursor> cursor{};
        double peak = 0;
        std::uint64_t numbered = 0;  // packets so far
    };
    std::string take(const event::LinksSeen& seen, const std::string& name, Side& side,
                     const event::LinkFlow& flow);
    std::string take_trace(const event::LinksSeen& seen, const std::string& name, Side& side,
                           const event::LinkFlow& flow);
    void note(const Side& side, double bytes, const std::string& what);

    const Scenario& scenario_;
    std::map<std::string, Side> sides_;  // "collaborator1 up"
    std::optional<Nanoseconds> begun_, last_;
    Nanoseconds late_{0};
    bool stood_still_ = false;
    std::string lost_otherwise_;  // than by its list
    double off_s_ = 0;            // the longest time for which a link was not as its trace
    std::string what_;            // was so then
};

}  // namespace netcut
