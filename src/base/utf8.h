// SPDX-License-Identifier: Apache-2.0
//
// Text that somebody else has written, and where it goes: a screen, XML, the file of a scenario.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace netcut {

// The first character of `text`, which is not empty. A byte that begins none (RFC 3629) has no value.
struct Character {
    std::optional<char32_t> value;
    std::size_t bytes = 1;
};
Character first_character(std::string_view text);

// Whether it shows on a screen as what it is: it steers no terminal, is not invisible, and does not change
// the direction of what stands beside it.
bool is_printable(char32_t character);
// One that Unicode reserves for no text (chapter 23.7): files of YAML and XML cannot have it.
bool is_noncharacter(char32_t character);

// One line, cut after `most` bytes; what is not printable appears as a question mark. Log lines, names and
// patterns come from programs and people that we do not know, and nothing of them may steer the terminal.
std::string printable(std::string_view text, std::size_t most = 120);
// The same of several lines, whole.
std::string printable_lines(std::string_view text);

bool is_utf8(std::string_view text);
// Each byte that belongs to no character appears as U+FFFD.
std::string as_utf8(std::string_view bytes);
// The same of a stream: a character that has only begun is left in `begun`, for the next call.
std::string as_utf8(std::string_view bytes, std::string& begun);

// What XML 1.0 cannot hold (2.2, Char), and what is no UTF-8, appears as U+FFFD.
std::string xml_text(std::string_view text);

}  // namespace netcut
