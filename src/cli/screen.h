// SPDX-License-Identifier: Apache-2.0
//
// All that commands print for people. What users and nodes have written is in much of it, and steers no
// terminal.
#pragma once

#include <fmt/format.h>

#include <cstdio>

#include "base/utf8.h"

namespace netcut::cli {

template <typename... Arguments>
void show(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    const std::string text = fmt::format(format, std::forward<Arguments>(arguments)...);
    std::fputs(printable_lines(text).c_str(), stdout);
}

// One line, to standard error.
template <typename... Arguments>
void complain(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    const std::string text = fmt::format(format, std::forward<Arguments>(arguments)...);
    std::fprintf(stderr, "netcut-fl: %s\n", printable_lines(text).c_str());
}

}  // namespace netcut::cli
