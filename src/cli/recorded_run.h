// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
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
    // Of files that it read and whose copies it has, the copies' paths.
    std::map<std::string, std::string> kept_traces() const;
    bool same_failure(const RunOutcome& outcome) const;
};

}  // namespace netcut::cli
