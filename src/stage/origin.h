// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "netcut/stage.h"

namespace netcut {

// Writes workspace.json.
Result<void> write_origin(const Scenario& scenario, const User& user);

}  // namespace netcut
