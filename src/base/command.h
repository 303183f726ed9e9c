// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace netcut {

// Splits "python3 'my app.py' --name x" into words: quotes and backslashes as in a shell, nothing else is
// interpreted. An empty or unbalanced text is an error.
Result<std::vector<std::string>> split_command(const std::string& text);

}  // namespace netcut
