// SPDX-License-Identifier: Apache-2.0
#include "cli/option_values.h"

#include <fmt/format.h>

#include <charconv>

namespace netcut::cli {

Result<unsigned> parse_count(const std::string& option, const std::string& text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return usage_failure(fmt::format("read {} {}", option, text), "it is no whole number from 0 up");
    return value;
}

}  // namespace netcut::cli
