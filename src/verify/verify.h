// SPDX-License-Identifier: Apache-2.0
//
// Whether the files that a run has left agree with each other. Reads files, nothing else; whatever
// they hold, it ends with an answer. Functions may be used on any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "user/user.h"

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

// Each field in which `found` is not as `wanted`: "faults[0].healed_s is 4.9, and by the journal 4.8".
void compare_json(const Json& found, const Json& wanted, const std::string& place,
                  std::vector<std::string>& differences);

}  // namespace netcut
