// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace netcut::cli {

struct InitOptions {
    std::string file = "scenario.yaml";    // "-": print it
    std::optional<std::string> framework;  // a template; by default what the folder is found to be
};

void add_init_options(CLI::App& command, InitOptions& options);
// Writes a scenario with comments, of what is found in this folder.
int init_command(const InitOptions& options);

}  // namespace netcut::cli
