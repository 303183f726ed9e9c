// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/many_options.h"

namespace netcut::cli {

struct ReduceOptions {
    std::string run;
    ManyOptions many;  // of which jobs, repeat, out
    std::optional<std::string> within;
};
void add_reduce_options(CLI::App& command, ReduceOptions& options);
// Finds a smallest set of a failed run's faults, and their shortest durations, that still fail.
int reduce_command(const ReduceOptions& options);

}  // namespace netcut::cli
