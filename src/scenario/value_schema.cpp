// SPDX-License-Identifier: Apache-2.0
#include "scenario/value_schema.h"

#include <fmt/format.h>

#include "base/quantity.h"

namespace netcut {
namespace {

constexpr const char* number = R"(([0-9]+\\.?[0-9]*|\\.[0-9]+))";

// A text of a number and a unit.
std::string quantity_schema(const std::string& unit, const std::string& examples) {
    return fmt::format(R"({{"type": "string", "pattern": "^ *{} *({}) *$", "examples": [{}]}})", number, unit,
                       examples);
}

std::string any_of(std::initializer_list<std::string> schemas) {
    return fmt::format(R"({{"anyOf": [{}]}})", fmt::join(schemas, ", "));
}

std::string or_word(const std::string& word) {
    return fmt::format(R"({{"const": "{}"}})", word);
}

}  // namespace

std::string text_schema() {
    return R"({"type": ["string", "number", "boolean"]})";
}

std::string boolean_schema() {
    return R"({"type": "boolean"})";
}

std::string count_schema(std::uint64_t least, std::uint64_t most) {
    return fmt::format(R"({{"type": "integer", "minimum": {}, "maximum": {}}})", least, most);
}

std::string duration_schema(const std::string& word) {
    const std::string time =
        quantity_schema(fmt::format("{}", fmt::join(duration_units(), "|")), R"("250ms", "3s", "1.5m")");
    const std::string zero = R"({"enum": [0, "0"]})";  // the only one without a unit
    return word.empty() ? any_of({time, zero}) : any_of({time, zero, or_word(word)});
}

std::string bytes_schema(const std::string& word) {
    const std::string plain = R"({"type": "number", "minimum": 0})";
    const std::string unit = quantity_schema("[kKmMgG]?([iI]b|[iI]?B)?", R"("1500", "64KiB", "1.5MB")");
    return word.empty() ? any_of({plain, unit}) : any_of({plain, unit, or_word(word)});
}

std::string share_schema() {
    return quantity_schema("%", R"("5%", "0.1%")");
}

std::string rate_schema() {
    return quantity_schema("([kmgKMG]?b[iI][tT]|[kmg]?b[pP]S|[kmg]?bPs|[KMG]b[pP][sS])(/[sS])?",
                           R"("64kbit", "10mbit")");
}

std::string words_schema(const std::vector<std::string>& words) {
    return fmt::format(R"({{"enum": ["{}"]}})", fmt::join(words, R"(", ")"));
}

std::string first_word_schema(const std::vector<std::string>& words) {
    return fmt::format(R"~({{"type": "string", "pattern": "^\\s*({})(\\s|$)"}})~", fmt::join(words, "|"));
}

std::string list_schema() {
    return fmt::format(R"({{"anyOf": [{0}, {{"type": "array", "items": {0}}}]}})", text_schema());
}

std::string lists_schema() {
    return fmt::format(R"({{"type": "array", "items": {{"type": "array", "items": {}}}}})", text_schema());
}

std::string map_schema() {
    return fmt::format(R"({{"type": "object", "additionalProperties": {}}})", text_schema());
}

}  // namespace netcut
