// SPDX-License-Identifier: Apache-2.0
//
// Reads JSON that somebody else may have written: of files in a run's folder, which nodes can reach.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace netcut {

using Json = nlohmann::ordered_json;

inline constexpr int deepest_json = 64;  // levels; what compares, copies or prints JSON calls itself for each

// How deep its brackets nest; of what is no JSON, at most how deep a parser comes before it notices.
int depth_of_json(std::string_view text);

// `Any` is one of the library's types. An error, of the kind `usage`, says why the text is not taken.
template <typename Any = nlohmann::ordered_json>
Result<Any> parse_json(std::string_view text, const std::string& attempt) {
    if (depth_of_json(text) > deepest_json)
        return usage_failure(attempt,
                             "its brackets nest more than " + std::to_string(deepest_json) + " deep");
    try {
        return Any::parse(text);
    } catch (const nlohmann::json::exception& error) {
        return usage_failure(attempt, error.what());
    }
}

}  // namespace netcut
