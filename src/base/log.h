// SPDX-License-Identifier: Apache-2.0
//
// The diagnostic log of a program: lines on standard error, by spdlog. Under systemd each begins with its priority, as
// the journal reads it (sd-daemon(3)). What a command prints for its user is no part of it.
// May be used on any thread.
#pragma once

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

#include "base/words.h"

namespace netcut {

enum class LogLevel { debug, info, warning, error };
inline constexpr std::array<EnumWord<LogLevel>, 4> log_level_words = {{
    {LogLevel::debug, "debug"},
    {LogLevel::info, "info"},
    {LogLevel::warning, "warning"},
    {LogLevel::error, "error"},
}};
constexpr const auto& words_of(LogLevel) {
    return log_level_words;
}

// `program` begins each line; `least`: less than that is left out. Before it is called, the program is nameless and
// warnings are the least. It neither opens a file nor reads any other variable of the environment than systemd's
// JOURNAL_STREAM. Call it before there are threads.
void open_log(const std::string& program, LogLevel least);
bool is_logged(LogLevel level);
// Each line of `text` is one of the log. What is not printable appears as a question mark.
void log_text(LogLevel level, std::string_view text);

// What users have written may be among the arguments, but never is the format.
template <typename... Arguments>
void log_debug(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (is_logged(LogLevel::debug))
        log_text(LogLevel::debug, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <typename... Arguments>
void log_info(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (is_logged(LogLevel::info))
        log_text(LogLevel::info, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <typename... Arguments>
void log_warning(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (is_logged(LogLevel::warning))
        log_text(LogLevel::warning, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <typename... Arguments>
void log_error(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (is_logged(LogLevel::error))
        log_text(LogLevel::error, fmt::format(format, std::forward<Arguments>(arguments)...));
}

}  // namespace netcut
