// SPDX-License-Identifier: Apache-2.0
//
// The same run, repeated.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"
#include "explore/outcome.h"

namespace netcut {

// Whether a run does each time what is expected of it, by its exit status.
struct Repeats {
    std::string title;
    std::vector<RunOutcome> runs;

    std::size_t failed() const;
    // "flaky: 2 of 20 runs failed; 3 % to 30 % of all runs would fail (95 % confidence)"
    std::string headline() const;
    std::string to_text() const;
    std::string to_csv() const;
    Json to_json() const;  // the form that html_page() takes, kind "experiments", of one cell
    // 0: all did; 1: some crashed, hung, or did not do what was expected; else that of a run that went wrong, or 4.
    int exit_status() const;
    void leave_out_unmade();  // as ExperimentTable has it
};

}  // namespace netcut
