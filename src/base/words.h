// SPDX-License-Identifier: Apache-2.0
//
// Enums that are written somewhere. Each has one table of its words, which a function `words_of` beside it returns.
#pragma once

#include <optional>
#include <string_view>

namespace netcut {

template <typename Enum>
struct EnumWord {
    Enum value;
    const char* word;
};

template <typename Enum>
constexpr const char* word_of(Enum value) {
    for (const auto& one : words_of(value))
        if (one.value == value) return one.word;
    return "";
}

template <typename Enum>
constexpr std::optional<Enum> parse_word(std::string_view text) {
    for (const auto& one : words_of(Enum{}))
        if (text == one.word) return one.value;
    return {};
}

}  // namespace netcut
