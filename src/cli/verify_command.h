// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace netcut::cli {

struct VerifyOptions {
    std::string folder;
    bool json = false;
};

void add_verify_options(CLI::App& command, VerifyOptions& options);
int verify_command(const VerifyOptions& options);

}  // namespace netcut::cli
