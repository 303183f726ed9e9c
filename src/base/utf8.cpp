// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>

namespace netcut {
namespace {

struct Range {
    char32_t first, last;
};

// Beside the control characters: marks, embeddings and isolates of direction, separators of lines, what has
// no width, annotations, tags. Joiners (U+200C, U+200D) are part of words.
constexpr std::array unprintable{Range{0x00, 0x1f},      Range{0x7f, 0x9f},     Range{0x61c, 0x61c},
                                 Range{0x200b, 0x200b},  Range{0x200e, 0x200f}, Range{0x2028, 0x202e},
                                 Range{0x2060, 0x206f},  Range{0xfeff, 0xfeff}, Range{0xfff9, 0xfffb},
                                 Range{0xe0000, 0xe007f}};

constexpr const char* replacement = "\xef\xbf\xbd";  // U+FFFD

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

std::string replaced(std::string_view text, const char* substitute,
                     const std::function<bool(char32_t)>& is_kept) {
    std::string result;
    while (!text.empty()) {
        const Character next = first_character(text);
        if (next.value && is_kept(*next.value))
            result += text.substr(0, next.bytes);
        else
            result += substitute;
        text.remove_prefix(next.bytes);
    }
    return result;
}

// Eight bytes at a time: what nodes print is seldom anything else.
bool is_ascii(std::string_view text) {
    std::uint64_t all = 0, some = 0;
    for (; text.size() >= sizeof(some); text.remove_prefix(sizeof(some))) {
        std::memcpy(&some, text.data(), sizeof(some));
        all |= some;
    }
    for (const char byte : text) all |= static_cast<unsigned char>(byte);
    return (all & 0x8080808080808080) == 0;
}

// How many bytes at the end may be the beginning of a character.
std::size_t begun_bytes(std::string_view text) {
    for (std::size_t bytes = 1; bytes <= std::min<std::size_t>(text.size(), 3); ++bytes) {
        const auto first = static_cast<unsigned char>(text[text.size() - bytes]);
        if ((first & 0xc0) == 0x80) continue;
        const std::size_t whole = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
        return whole > bytes ? bytes : 0;
    }
    return 0;
}

}  // namespace

Character first_character(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80) return {first, 1};
    const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {};
    char32_t value = first & (0x7f >> bytes);
    for (const char byte : text.substr(1, bytes - 1)) {
        if (!is_continuation(byte)) return {};
        value = value << 6 | (static_cast<unsigned char>(byte) & 0x3f);
    }
    const bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < least[bytes] || value > 0x10ffff || is_surrogate) return {};
    return {value, bytes};
}

bool is_noncharacter(char32_t character) {
    return (character & 0xfffe) == 0xfffe || (character >= 0xfdd0 && character <= 0xfdef);
}

bool is_printable(char32_t character) {
    return !is_noncharacter(character) &&
           std::none_of(unprintable.begin(), unprintable.end(), [character](const Range& range) {
               return character >= range.first && character <= range.last;
           });
}

std::string printable(std::string_view text, std::size_t most) {
    std::size_t end = std::min(text.size(), most);
    while (end > 0 && end < text.size() && is_continuation(text[end])) --end;
    std::string result = replaced(text.substr(0, end), "?", is_printable);
    if (end < text.size()) result += "...";
    return result;
}

std::string printable_lines(std::string_view text) {
    return replaced(text, "?",
                    [](char32_t character) { return character == '\n' || is_printable(character); });
}

bool is_utf8(std::string_view text) {
    if (is_ascii(text)) return true;
    while (!text.empty()) {
        const Character next = first_character(text);
        if (!next.value) return false;
        text.remove_prefix(next.bytes);
    }
    return true;
}

std::string as_utf8(std::string_view bytes) {
    return is_utf8(bytes) ? std::string(bytes) : replaced(bytes, replacement, [](char32_t) { return true; });
}

std::string as_utf8(std::string_view bytes, std::string& begun) {
    const std::string text = std::exchange(begun, {}) + std::string(bytes);
    const std::size_t whole = text.size() - begun_bytes(text);
    begun = text.substr(whole);
    return as_utf8(std::string_view(text).substr(0, whole));
}

std::string xml_text(std::string_view text) {
    return replaced(text, replacement, [](char32_t character) {
        const bool is_control =
            character < 0x20 && character != '\t' && character != '\n' && character != '\r';
        return !is_control && character != 0xfffe && character != 0xffff;
    });
}

}  // namespace netcut
