// SPDX-License-Identifier: Apache-2.0
#include "base/quantity.h"

#include <charconv>

namespace netcut {
namespace {

std::string_view without_spaces_around(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

}  // namespace

std::optional<Quantity> read_quantity(std::string_view text) {
    text = without_spaces_around(text);
    Quantity quantity;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, quantity.number, std::chars_format::fixed);
    if (error != std::errc()) return {};
    quantity.unit = without_spaces_around({end, static_cast<std::size_t>(last - end)});
    return quantity;
}

std::string lower_case(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

}  // namespace netcut
