// SPDX-License-Identifier: Apache-2.0
//
// Reads JSON that may be of any form: what is absent, or of another type, is nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"

namespace netcut {

// `Any` is one of the library's types: an event is parsed as the one that finds a member of a large object
// quickly.
using ParsedEvent = nlohmann::json;

template <typename Any>
const Any& member(const Any& json, const char* key) {
    static const Any nothing;
    if (!json.is_object()) return nothing;
    const auto found = json.find(key);
    return found == json.end() ? nothing : *found;
}

template <typename Any>
const std::string& text_of(const Any& json) {
    static const std::string nothing;
    const auto* text = json.template get_ptr<const std::string*>();
    return text == nullptr ? nothing : *text;
}

// Times, counts and lengths: what is below 0, or greater than the integers that JavaScript has, is nothing.
template <typename Any>
std::optional<std::int64_t> count_of(const Any& json) {
    constexpr double most = 9007199254740991;
    if (!json.is_number()) return {};
    const auto value = json.template get<double>();
    if (!(value >= 0 && value <= most)) return {};
    return static_cast<std::int64_t>(value);
}

// The beginning of the text, not more than `most` bytes of it, and no half character.
inline std::string clipped(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
    return std::string(text.substr(0, most)) + "...";
}

}  // namespace netcut
