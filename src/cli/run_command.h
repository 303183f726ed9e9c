// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/options.h"

namespace netcut::cli {

// Carries the run out in this process; returns the exit status.
int run_command(const RunOptions& options);

// Prints the error to standard error; returns the exit status of its kind.
int report_error(const Error& error);
// The status, or that of the error, which is printed.
int end_with(const Result<int>& status);

}  // namespace netcut::cli
