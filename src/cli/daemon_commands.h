// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/commands.h"

namespace netcut::cli {

// ps, inspect, logs, events, cut, heal, exec, stop, rm: what is done to the runs of a daemon.
std::vector<Command> daemon_commands();

}  // namespace netcut::cli
