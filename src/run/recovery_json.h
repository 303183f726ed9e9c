// SPDX-License-Identifier: Apache-2.0
//
// The recovery of a node, as the journal and the verdict have it.
#pragma once

#include "netcut/run.h"

namespace netcut {

// The details of node.recovered and node.unrecovered.
Json recovery_json(const Recovery& recovery);
// Throws what nlohmann-json throws, or std::invalid_argument.
Recovery parse_recovery(const Json& details);

const char* outcome_word(Conversation::Outcome outcome);
// Of each conversation: peer, local, remote, outcome, after_s.
Json conversations_json(const Recovery& recovery);
Json unresolved_json(const Recovery& recovery);

}  // namespace netcut
