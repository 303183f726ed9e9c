// SPDX-License-Identifier: Apache-2.0
#include "base/wrapped.h"

#include <algorithm>

#include "base/utf8.h"

namespace netcut {
namespace {

constexpr std::size_t after_name = 8, after_time = 12;  // the columns of screens
constexpr std::size_t further_in = 4;

std::size_t characters(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) text.remove_prefix(first_character(text).bytes);
    return count;
}

bool begins_at(std::string_view line, std::size_t column) {
    return line.size() > column && line[column - 1] == ' ' && line[column] != ' ';
}

std::size_t indent_below(std::string_view line) {
    const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
    if (line.front() == '[' && begins_at(line, after_time)) return after_time;
    if (first == 0 && begins_at(line, after_name)) return after_name;
    return first + further_in;
}

// Where the first line ends: at the last space that is not too late, or the first one at all.
std::size_t end_of_line(std::string_view line, std::size_t from, std::size_t width) {
    std::size_t end = std::string_view::npos;
    for (std::size_t at = line.find(' ', from); at != std::string_view::npos; at = line.find(' ', at + 1)) {
        if (characters(line.substr(0, at)) > width) return end == std::string_view::npos ? at : end;
        end = at;
    }
    return end;
}

std::string wrapped_line(std::string_view line, std::size_t width) {
    if (characters(line) <= width || line.find('\x1b') != std::string_view::npos) return std::string(line);
    const std::size_t indent = std::min(indent_below(line), width / 2);
    std::string text, rest(line);
    std::size_t begin = std::min(indent_below(line), rest.size());  // no break before what it says
    while (characters(rest) > width) {
        const std::size_t end = end_of_line(rest, begin, width);
        if (end == std::string::npos) break;
        text += rest.substr(0, end) + '\n';
        const std::size_t next = std::min(rest.find_first_not_of(' ', end), rest.size());
        rest = std::string(indent, ' ') + rest.substr(next);
        begin = indent;
    }
    return text + rest;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t width) {
    if (width == 0) return std::string(text);
    std::string result;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        result += line.empty() ? std::string() : wrapped_line(line, width);
        if (end == std::string_view::npos) break;
        result += '\n';
        text.remove_prefix(end + 1);
    }
    return result;
}

}  // namespace netcut
