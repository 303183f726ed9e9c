// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace netcut {

struct ExitStatus {
    bool signaled = false;
    int value = 0;  // exit code or signal number
    bool success() const { return !signaled && value == 0; }
    std::string text() const;  // "exit code 1", "signal 9 (Killed)"
};

}  // namespace netcut
