// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "record/facts.h"
#include "scenario/scenario.h"

namespace netcut {

// What of the deliveries belongs to one round of one collaborator, as bytes: updates that went up, and parts of the model
// that came down.
struct WireRound {
    std::vector<std::uint64_t> updates, models;
};
// By collaborator, then by round, from 0. No log line is asked: a round begins when the first collaborator whose update of
// the round before was whole takes a model again. An update is of the round in which its sender took the model.
// `least`: from how many bytes an update is whole.
using WireRounds = std::map<std::string, std::vector<WireRound>>;
WireRounds wire_rounds(const std::vector<SafetyFacts::Delivery>& deliveries,
                       const std::map<std::string, std::uint64_t>& least);

// How often something was delivered whole; none: that cannot be told.
using Times = std::optional<unsigned>;
struct Delivery {
    Times update, model;
};
// By collaborator, then by round. Empty if nothing was noted, or if no twin tells how large things are. Updates that no fault
// can have touched tell it, too.
using Ledger = std::map<std::string, std::vector<Delivery>>;
Ledger make_ledger(const Facts& facts, const TwinFacts& twins);

}  // namespace netcut
