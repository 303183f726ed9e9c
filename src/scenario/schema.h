// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace netcut {

// JSON Schema (2020-12) of a scenario file, made of what its reader asks for. A key without a description throws: the
// tests make it.
std::string scenario_schema();
// Of an entry of `faults`.
std::string fault_schema();

}  // namespace netcut
