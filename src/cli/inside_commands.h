// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace netcut::cli {

// ps, inspect, logs, events, cut, heal, exec, stop, rm: what is done to runs that are under way, of a daemon or one's
// own. The one that is parsed leaves in `chosen` what is to be done; it returns the exit status.
void add_inside_commands(CLI::App& app, std::function<int()>& chosen);

}  // namespace netcut::cli
