// SPDX-License-Identifier: Apache-2.0
//
// Words that stand for values.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "netcut/base.h"

namespace netcut {

template <typename T, std::size_t N>
using Words = std::array<std::pair<const char*, T>, N>;

Failure unknown_word(const std::string& word, const std::vector<std::string>& known, const std::string& what);

template <typename T, std::size_t N>
std::vector<std::string> names_in(const Words<T, N>& words) {
    std::vector<std::string> names;
    for (const auto& [name, value] : words) names.emplace_back(name);
    return names;
}

template <typename T, std::size_t N>
Result<T> parse_word(const std::string& word, const Words<T, N>& words, const std::string& what) {
    for (const auto& [name, value] : words)
        if (word == name) return value;
    return unknown_word(word, names_in(words), what);
}

// Those of the tables in words.cpp.
std::vector<std::string> fabric_words();
std::vector<std::string> round_mark_words();
std::vector<std::string> moment_words();
std::vector<std::string> phase_moment_words();

template <typename T, std::size_t N>
std::string name_of(T value, const Words<T, N>& words) {
    for (const auto& [name, candidate] : words)
        if (candidate == value) return name;
    return "?";
}

}  // namespace netcut
