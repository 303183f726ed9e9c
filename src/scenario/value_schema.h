// SPDX-License-Identifier: Apache-2.0
//
// JSON Schema of the values that scenario files have. A schema may take what a reader refuses, never the other way round, but
// for numbers in quotes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace netcut {

std::string text_schema();  // any single value is a text
std::string boolean_schema();
std::string count_schema(std::uint64_t least, std::uint64_t most);
std::string duration_schema(const std::string& word = {});  // a time, or this word
std::string bytes_schema(const std::string& word = {});
std::string share_schema();
std::string rate_schema();
std::string words_schema(const std::vector<std::string>& words);
std::string first_word_schema(const std::vector<std::string>& words);  // a text that begins with one of them
std::string list_schema();  // of texts; a single one is a list of one
std::string lists_schema();
std::string map_schema();

}  // namespace netcut
