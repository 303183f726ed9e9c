// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/many_options.h"

namespace netcut::cli {

struct ExploreOptions {
    ManyOptions many;
    std::optional<std::string> least, most, within;
    std::optional<std::string> sweep, step, duration;
};
void add_explore_options(CLI::App& command, ExploreOptions& options);
// Finds the shortest outage that is not survived, for each moment and kind; or sweeps a cut over the bytes of
// a transfer.
int explore_command(const ExploreOptions& options);

}  // namespace netcut::cli
