// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "explore/outcome.h"
#include "record/event.h"
#include "scenario/scenario.h"

namespace netcut::cli {

// A run of the past, read from its folder with the rights of who asks.
struct RecordedRun {
    std::string folder;
    Scenario scenario;  // checked
    Json verdict;
    std::vector<Event> journal;

    static Result<RecordedRun> read(const std::string& path);

    std::string word() const { return verdict.at("verdict").get<std::string>(); }
    // Crashed, hung or left, or not as was expected.
    bool failed() const { return verdict.at("exit_status") == 1; }
    bool same_failure(const RunOutcome& outcome) const;
};

}  // namespace netcut::cli
