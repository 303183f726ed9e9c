// SPDX-License-Identifier: Apache-2.0
// The log that netcut-fl's triggers read: one plain line an event, time first, each line flushed at once.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <string_view>

namespace netcut::reference {

void log_line(std::string_view line);    // to stdout
void error_line(std::string_view line);  // to stderr

template <typename... Args>
void log(fmt::format_string<Args...> format, Args&&... args) {
    log_line(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
    error_line(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace netcut::reference
