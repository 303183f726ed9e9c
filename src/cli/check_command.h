// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace netcut::cli {

struct CheckOptions {
    std::string file;
    std::vector<std::string> sets;
    bool json = false;
};
void add_check_options(CLI::App& command, CheckOptions& options);
// Prints all that is wrong with a scenario file, as far as that can be said without running it. Nothing is made or changed.
int check_command(const CheckOptions& options);

}  // namespace netcut::cli
