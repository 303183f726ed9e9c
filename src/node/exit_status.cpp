// SPDX-License-Identifier: Apache-2.0
#include "node/exit_status.h"

#include <cstring>

namespace netcut {

std::string ExitStatus::text() const {
    if (!signaled) return "exit code " + std::to_string(value);
    const char* description = ::sigdescr_np(value);
    return "signal " + std::to_string(value) +
           (description != nullptr ? " (" + std::string(description) + ")" : "");
}

}  // namespace netcut
