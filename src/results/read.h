// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "results/cells.h"
#include "study/progress.h"
#include "user/user.h"

namespace netcut {

// Reads the results of a study or a matrix (results.jsonl), or of experiments, repeats or a bisection (experiments.json, repeats.json,
// bisect.json): of a folder that has one of these files, or of the file itself. With the user's rights, line by line; memory is
// that of the numbers. Errors are of the kind `usage`.
Result<ResultSet> read_results(const std::string& path, const User& user);

// The same of rows that have been read.
ResultSet results_of_rows(const StudyRows& rows, const std::string& title);

}  // namespace netcut
