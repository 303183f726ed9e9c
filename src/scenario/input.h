// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "netcut/scenario.h"

namespace netcut {

// The contents of a file that a user names, which may be endless, as /dev/zero is. Read with the thread's
// rights (AsUser). Errors are of the kind `usage`.
Result<std::string> read_input(const std::string& path);

// Reads the file of a loss model that has one; likewise.
Result<void> read_trace(FaultSpec& fault);
Result<void> read_traces(Scenario& scenario);

}  // namespace netcut
