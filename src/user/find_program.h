// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "user/user.h"

namespace netcut {

// Whether the user may execute `program`: a path, relative ones below `cwd`, or a name that is looked for in
// the user's PATH.
Result<void> find_program(const std::string& program, const std::string& cwd, const User& user);

}  // namespace netcut
