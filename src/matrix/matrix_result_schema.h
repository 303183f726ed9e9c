// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace netcut {

// JSON Schema (2020-12) of what matrix_result() makes.
std::string matrix_result_schema();

}  // namespace netcut
