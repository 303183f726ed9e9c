// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "explore/outcome.h"
#include "folder/folder.h"
#include "scenario/scenario.h"
#include "user/user.h"

namespace netcut {

// What a twin's result depends on, as a digest: the scenario, this program, what its stages depended on, and the files that
// its commands name. What else a framework reads is not looked at: docs/safety.md. `program`: netcut-fl itself.
Result<std::string> twin_key(const Scenario& scenario, const User& user, const std::string& program);

struct TwinRuns {
    TwinFacts facts;
    std::string path;     // where they are
    unsigned reused = 0;  // how many were made before
    int signal = 0;       // that ended them
};
// Makes `count` undisturbed runs of the scenario, one after the other, or takes those that are in netcut-twins/KEY. An
// error also if one of them does not end well: then it is no measure. `tell` hears of each.
Result<TwinRuns> make_twins(const Scenario& scenario, unsigned count, const User& user,
                            const std::string& program, bool local,
                            const std::function<void(const RunOutcome&)>& tell);

}  // namespace netcut
