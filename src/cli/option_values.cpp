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

Result<void> add_pairs(std::map<std::string, std::string>& target, const char* option,
                       const std::vector<std::string>& pairs) {
    for (const std::string& pair : pairs) {
        const std::size_t equals = pair.find('=');
        if (equals == std::string::npos || equals == 0)
            return usage_failure(fmt::format("read {} '{}'", option, pair),
                                 "it is not of the form NAME=VALUE");
        target[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    return {};
}

}  // namespace netcut::cli
