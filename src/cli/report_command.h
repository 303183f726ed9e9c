// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace netcut::cli {

struct ReportOptions {
    std::string folder;
};
void add_report_options(CLI::App& command, ReportOptions& options);
// Makes report.html of a run again; of a folder of runs, its index.html.
int report_command(const ReportOptions& options);

}  // namespace netcut::cli
