// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace netcut::cli {

struct CompareCommandOptions {
    std::string before, now;
    std::optional<std::string> level_before, level_now;  // FACTOR=LEVEL
    std::optional<std::string> confidence, least_change, page;
    std::vector<std::string> more_is_worse, less_is_worse;
    bool json = false;
};
void add_compare_options(CLI::App& command, CompareCommandOptions& options);
// Says what changed between two sets of results, and whether it is more than chance; 1 if something became worse.
int compare_command(const CompareCommandOptions& options);

}  // namespace netcut::cli
