// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace netcut::cli {

// The error for a command line that cannot be parsed: which word is unknown, and which one was probably meant. `parsing` is
// CLI11's own text, for all other mistakes.
std::string explain_mistake(const CLI::App& app, const std::vector<std::string>& words,
                            const std::string& parsing);

// "help run" as "run --help"; other words as they are.
std::vector<std::string> without_help_command(std::vector<std::string> words);

}  // namespace netcut::cli
