// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/json.h"

namespace netcut {

// Levels of a JSON text from somebody else. What walks over a value recurses, so one of 100,000 levels would
// overrun the stack.
constexpr std::size_t max_json_depth = 64;

// An error of the kind `usage` names `attempt`.
Result<Json> parse_json(std::string_view text, const std::string& attempt);

}  // namespace netcut
