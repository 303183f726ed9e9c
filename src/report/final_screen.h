// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"

namespace netcut {

// The one screen at the end: what was cut, when, on which line, what it lost, who finished, where the files
// are.
std::string final_screen(const Json& verdict, const std::string& folder, bool colours);

}  // namespace netcut
