// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace netcut {

// The control group (cgroup v2) of this process, as a folder. An error of the kind `usage`: there is none.
Result<std::string> own_control_group();
// Whether it, or one that it is in, has a limit on memory.
bool control_group_limits_memory();

}  // namespace netcut
