// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace netcut::cli {

struct WhyOptions {
    std::string folder;
    bool json = false;
};

void add_why_options(CLI::App& command, WhyOptions& options);
int why_command(const WhyOptions& options);

}  // namespace netcut::cli
