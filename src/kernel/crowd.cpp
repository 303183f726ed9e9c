// SPDX-License-Identifier: Apache-2.0
#include "kernel/crowd.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace netcut {

Crowd::Crowd() : loadavg_(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC)) {}

std::optional<int> Crowd::runnable_threads() const {
    std::array<char, 128> text{};
    int can_run = 0;
    if (::pread(loadavg_.get(), text.data(), text.size() - 1, 0) <= 0) return {};
    if (std::sscanf(text.data(), "%*s %*s %*s %d", &can_run) != 1) return {};
    return can_run;
}

std::optional<int> runnable_threads() {
    return Crowd().runnable_threads();
}

}  // namespace netcut
