// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/many_options.h"

namespace netcut::cli {

struct BisectOptions {
    ManyOptions many;
    std::string good, bad;
    std::vector<std::string> versions;
    std::optional<std::string> commits, prepare, prepare_within, duration, seldom, often, wrong, most_runs;
};
void add_bisect_options(CLI::App& command, BisectOptions& options);
// Finds the versions between which an outcome changed, with as many repeats of each as it takes to be sure.
int bisect_command(const BisectOptions& options);

}  // namespace netcut::cli
