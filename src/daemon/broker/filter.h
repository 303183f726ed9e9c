// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"

namespace netcut {

// From here on the kernel refuses this process, and its threads, every system call but those that a server of
// files and Unix sockets is made of: it can execute nothing, make no namespace and no network socket, and
// become nobody else. What is refused fails with EPERM.
Result<void> filter_own_calls();

}  // namespace netcut
