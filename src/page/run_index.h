// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "user/user.h"

namespace netcut {

// Makes index.html in a folder of runs: the latest thousand, with links to their reports.
Result<void> write_run_index(const std::string& path, const User& user);

}  // namespace netcut
