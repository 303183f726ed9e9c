// SPDX-License-Identifier: Apache-2.0
//
// From the words of options to values.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace netcut::cli {

// Adds options to one group of the help. Given twice, the last one counts; those of lists add up.
class Group {
  public:
    Group(CLI::App& command, std::string name) : command_(command), name_(std::move(name)) {}

    // `value`: what stands for the value in the help, and says how a shell completes it (cli/completion.h).
    template <typename Target>
    void add(const std::string& names, Target& target, const char* value, const std::string& help) {
        command_.add_option(names, target, help)->type_name(value)->group(name_)->take_last();
    }
    void add(const std::string& names, std::vector<std::string>& target, const char* value,
             const std::string& help) {
        command_.add_option(names, target, help + "; may be repeated")
            ->type_name(value)
            ->group(name_)
            ->expected(1)
            ->take_all();
    }
    // Several values in one word: "a,b".
    void add_list(const std::string& names, std::vector<std::string>& target, const char* value,
                  const std::string& help) {
        command_.add_option(names, target, help)->type_name(value)->delimiter(',')->group(name_);
    }
    void add_flag(const std::string& names, bool& target, const std::string& help) {
        command_.add_flag(names, target, help)->group(name_);
    }

  private:
    CLI::App& command_;
    std::string name_;
};

Result<unsigned> parse_count(const std::string& option, const std::string& text);

// Words of the form NAME=VALUE.
Result<void> add_pairs(std::map<std::string, std::string>& target, const char* option,
                       const std::vector<std::string>& pairs);

inline Result<void> set_count(unsigned& target, const char* option, const std::optional<std::string>& text) {
    if (!text) return {};
    NETCUT_ASSIGN(target, parse_count(option, *text));
    return {};
}

// What a parse function makes of the option's word, with the option's name in the error.
template <typename T, typename Parse>
Result<void> set_parsed(T& target, const char* option, const std::optional<std::string>& text, Parse parse) {
    if (!text) return {};
    auto parsed = parse(*text);
    if (!parsed) {
        Error error = std::move(parsed).error();
        error.attempt += fmt::format(" of {}", option);
        return Failure(std::move(error));
    }
    target = std::move(*parsed);
    return {};
}

template <typename T>
void set_if(T& target, const std::optional<std::string>& text) {
    if (text) target = *text;
}

}  // namespace netcut::cli
