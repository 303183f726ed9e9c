// SPDX-License-Identifier: Apache-2.0
//
// The option of every program that has a diagnostic log.
#pragma once

#include <CLI/CLI.hpp>

#include "base/log.h"

namespace netcut {

inline void add_log_level(CLI::App& app, LogLevel& level) {
    std::vector<std::string> words;
    for (const auto& one : log_level_words) words.emplace_back(one.word);
    app.add_option_function<std::string>(
           "--log-level", [&level](const std::string& word) { level = *parse_word<LogLevel>(word); },
           std::string("The least that the diagnostic log on standard error has (default: ") +
               word_of(level) + ")")
        ->type_name("LEVEL")
        ->check(CLI::IsMember(words));
}

}  // namespace netcut
