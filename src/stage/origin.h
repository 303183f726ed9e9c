// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "scenario/scenario.h"
#include "user/user.h"

namespace netcut {

// Writes workspace.json.
Result<void> write_origin(const Scenario& scenario, const User& user);

// What workspace.json says: how the workspace was made.
struct WorkspaceOrigin {
    std::string template_name;
    unsigned collaborators = 0;
    std::map<std::string, std::string> parameters;
};
Result<WorkspaceOrigin> read_origin(const std::string& workspace, const User& user);

}  // namespace netcut
