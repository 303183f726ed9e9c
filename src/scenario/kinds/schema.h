// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace netcut {

// JSON Schema of an entry of `faults`.
std::string fault_schema();

}  // namespace netcut
