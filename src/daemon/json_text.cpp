// SPDX-License-Identifier: Apache-2.0
#include "daemon/json_text.h"

#include <fmt/format.h>

namespace netcut {
namespace {

// Of a text that is no JSON it may be wrong behind the place where the parser stops.
bool is_too_deep(std::string_view text) {
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '\\')
            ++i;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{') && ++depth > max_json_depth)
            return true;
        else if (!quoted && (c == ']' || c == '}') && depth > 0)
            --depth;
    }
    return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& attempt) {
    if (is_too_deep(text))
        return usage_failure(attempt, fmt::format("its JSON has more than {} levels", max_json_depth),
                             "nest it less deeply");
    try {
        return Json::parse(text);
    } catch (const Json::exception& error) {
        return usage_failure(attempt, error.what());
    }
}

}  // namespace netcut
