// SPDX-License-Identifier: Apache-2.0
//
// After a bad run: what nodes died of, where the others stood, and why a fault never fired. Derived from a run's
// journal, verdict, scenario and logs.
#pragma once

#include <string>

#include "base/json.h"
#include "digest/journal_digest.h"
#include "folder/folder.h"
#include "folder/node_log.h"

namespace netcut {

// Null after a run that has nothing to explain; else
//   at_us    when the run was stopped; null if it was not
//   died     by node that ended by itself and badly: `node`, `ended`, `lines` ([us, stream, text] from the beginning
//            of a traceback on, us null if not known), `left_out`: lines between the first ones and the last ones
//   stood    by node that still ran when the run was stopped: `node`, `phase`, `last` (a line, or null), `age_s`: how
//            long before the stop that line came, `connections`: sentences
//   listens  the addresses that the aggregator listened on, if no other node can reach any of them
//   waited   by fault, or for all collaborators, that waited for a log line that never came: `fault`, `node`, `pattern`, `lines`: how many it
//            was compared with, `hints`: sentences
Json aftermath(const RunFolder& folder, const LogPieces& pieces, const Json& verdict,
               const JournalDigest& digest);

}  // namespace netcut
