// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace netcut {

// JSON Schema (2020-12) of verdict.json. Tests hold what verdict_json() writes against it.
std::string verdict_schema();

}  // namespace netcut
