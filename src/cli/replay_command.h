// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace netcut::cli {

struct ReplayOptions {
    std::string run;
    std::optional<std::string> out;
    bool quiet = false;
};
void add_replay_options(CLI::App& command, ReplayOptions& options);
// Repeats a recorded run, and says where the two go apart.
int replay_command(const ReplayOptions& options);

}  // namespace netcut::cli
