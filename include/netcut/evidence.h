// SPDX-License-Identifier: Apache-2.0
//
// evidence: whether the files that a run has left agree with each other. Reads files, nothing else; whatever
// they hold, it ends with an answer. Functions may be used on any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "netcut/run.h"
#include "record/run_state.h"

namespace netcut {

// What was looked at, and what came of it.
struct Check {
    std::string name;                        // "journal", "verdict", ...
    std::string found;                       // one line
    std::vector<std::string> disagreements;  // each in words, with the place
    std::vector<std::string> unchecked;      // what could not be looked at, and why
};

struct Verification {
    std::vector<Check> checks;
    bool agrees() const;
    Json to_json() const;
    std::string text() const;
};

// Looks at the run in `folder` with the rights of `reader`. An error is one of reading: there is no run, or
// it cannot be opened.
Result<Verification> verify_run(const std::string& folder, const User& reader);

// --- its parts ---

// Whether lines, times, states, firings and heals follow each other as they must, see docs/evidence.md. Returns what
// the run has come to by them.
RunState check_journal(const std::vector<Event>& events, const Scenario& scenario, Check& check);
// Whether the captures of the run have just the packets that the journal tells of.
Check check_captures(const RunFolder& folder, const std::vector<Event>& events, const RunState& state,
                     const Scenario& scenario);
// Each field in which `found` is not as `wanted`: "faults[0].healed_s is 4.9, and by the journal 4.8".
void compare_json(const Json& found, const Json& wanted, const std::string& place,
                  std::vector<std::string>& differences);

}  // namespace netcut
