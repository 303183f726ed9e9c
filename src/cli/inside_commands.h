// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cli/commands.h"

namespace netcut::cli {

// ps, inspect, logs, events, cut, heal, exec, stop, rm: what is done to runs that are under way, of a daemon or one's
// own.
std::vector<Command> inside_commands();

}  // namespace netcut::cli
