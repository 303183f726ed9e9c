// SPDX-License-Identifier: Apache-2.0
//
// What all firings did together. Pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/time.h"
#include "record/facts.h"

namespace netcut {

struct Tally {
    std::uint64_t lost = 0;
    std::uint64_t queued = 0;
    std::uint64_t rebound = 0;         // they had another port
    bool of_processes = false;         // one of them needs no packet to be noticed
    bool stopped = false;              // connections, though no packet may have got as far as a counter
    std::set<std::string> renumbered;  // nodes that have exchanged data since
    std::map<std::string, std::size_t> cycles;  // of each fault that flapped
    std::size_t unhealed = 0;                   // firings
    std::size_t healed = 0;                     // times a node had something to recover from
    std::size_t silent = 0;                     // those of them whose work did not go on
    std::string why_silent;                     // of the first of them
    // The longest since a heal, if all went on.
    std::optional<Nanoseconds> work_resumed, network_back;

    bool met() const { return lost + queued + rebound > 0 || of_processes; }
    bool noticed() const { return met() || stopped || !renumbered.empty(); }
};
Tally tally(const Facts& facts);

// Whether the firing did anything to this node that it has to recover from.
bool has_met(const FaultOutcome& outcome, const std::string& node);
// What has not gone on since the heal: "its connection to aggregator (10.99.0.1 port 9000) is stuck"; empty:
// everything has.
std::string unresolved_text(const Recovery& recovery);

}  // namespace netcut
