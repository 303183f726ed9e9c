// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/many_options.h"

namespace netcut::cli {

struct ExperimentsOptions {
    ManyOptions many;
    std::vector<std::string> durations;
};
void add_experiments_options(CLI::App& command, ExperimentsOptions& options);
// Runs a cut at each moment, of each kind and duration, and prints the table of outcomes.
int experiments_command(const ExperimentsOptions& options);

}  // namespace netcut::cli
