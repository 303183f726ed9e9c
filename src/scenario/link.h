// SPDX-License-Identifier: Apache-2.0
//
// `link:` of a scenario: what the links of nodes carry over time. Pure, but for read_traces().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "hold/loss_draws.h"
#include "link/access.h"
#include "link/trace.h"
#include "scenario/link_spec.h"
#include "scenario/scenario.h"

namespace netcut {

// Reads the files that it names, and lists its folders, with the thread's rights (AsUser). Nodes that are not there are left
// to check_links().
Result<void> read_traces(Scenario& scenario);
// Fills in names of nodes, and refuses what cannot be.
Result<void> check_links(Scenario& scenario);

// In a run's folder, the copies of the traces that it used.
inline constexpr const char* traces_folder = "traces";
std::string kept_trace(const std::string& sha256);
// Likewise, of the packets that a trace loses.
std::string link_loss_file(const std::string& node, bool up);

struct LinkSide {
    TracePlay play{};
    std::uint64_t queue_bytes = 0;
    std::string what{};    // "50mbit", "lte.up", "lte, seed 3"
    std::string file{};    // the trace's; empty: it is of no file
    std::string sha256{};  // likewise
    // Of a trace that loses packets.
    LossDraws losses{};
    std::uint64_t loss_seed = 0;
    bool holds() const { return play.trace->has_delay() || play.trace->has_loss(); }
};
struct LinkPlan {
    std::optional<LinkSide> up{}, down{};
    bool any() const { return up || down; }
};
// Of a checked scenario, for the node of this number.
Result<LinkPlan> link_plan(const Scenario& scenario, std::size_t node);
// The queues that the fabric makes for them.
Result<std::vector<AccessLink>> access_links(const Scenario& scenario);

}  // namespace netcut
