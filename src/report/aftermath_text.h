// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "folder/folder.h"

namespace netcut {

// After a bad run: the last lines of nodes that ended by themselves and badly, where those that still ran stood when
// the run was stopped, and why a fault that waited for a log line never fired. Empty if there is nothing of it.
std::string aftermath_screen(const Json& verdict, const RunFolder& folder);

}  // namespace netcut
