// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace netcut::cli {

struct WhyOptions {
    std::string folder;
    bool json = false;
    bool tries = false;  // the remedies
    std::optional<std::string> out, jobs, repeat;
    bool local = false;
};

void add_why_options(CLI::App& command, WhyOptions& options);
int why_command(const WhyOptions& options);

}  // namespace netcut::cli
