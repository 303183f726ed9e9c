// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace netcut::cli {

// ps, inspect, logs, events, cut, heal, exec, stop, rm: what is done to the runs of a daemon. The one that is
// parsed leaves in `chosen` what is to be done; it returns the exit status.
void add_daemon_commands(CLI::App& app, std::function<int()>& chosen);

}  // namespace netcut::cli
