// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace netcut::cli {

struct TraceOptions {
    std::string model;
    std::optional<std::string> seed, mean, length, format;
};
void add_trace_options(CLI::App& command, TraceOptions& options);
// Prints a trace of a link, or who is away when.
int trace_command(const TraceOptions& options);

}  // namespace netcut::cli
