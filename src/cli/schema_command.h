// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace netcut::cli {

struct SchemaOptions {
    std::string what = "scenario";
};
std::vector<std::string> schema_words();
void add_schema_options(CLI::App& command, SchemaOptions& options);
// Prints a JSON Schema.
int schema_command(const SchemaOptions& options);

}  // namespace netcut::cli
