// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "base/io.h"

namespace netcut {

// Who writes a run's folder holds this lock of it (flock(2)): until the last duplicate of `folder` is closed, so
// that a killed run leaves none. `folder` is no O_PATH descriptor; `path` is for the error, which has the process
// that holds the lock, if this one may see it.
Result<void> lock_folder(const Fd& folder, const std::string& path);

}  // namespace netcut
