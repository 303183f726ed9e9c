// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/study_command.h"

namespace netcut::cli {

// `netcut-fl matrix FILE`: frameworks and versions by moments and kinds of cut, as a study with a page of its own.
void add_matrix_options(CLI::App& command, StudyOptions& options);
int matrix_command(const StudyOptions& options);

}  // namespace netcut::cli
