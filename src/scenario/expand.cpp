// SPDX-License-Identifier: Apache-2.0
#include "scenario/expand.h"

#include <fmt/format.h>

#include "base/command.h"
#include "base/nearest_word.h"

namespace netcut {
namespace {

std::map<std::string, std::string> own_values(const Scenario& scenario, const ExpandContext& context) {
    return {{"name", context.node},
            {"index", std::to_string(context.index)},
            {"aggregator", aggregator_name},
            {"cols", std::to_string(scenario.collaborators)},
            {"work", context.work_folder},
            {"bin", context.program_folder},
            {"workspace", scenario.workspace},
            {"files", scenario.files},
            {"path", context.path}};
}

bool is_name(std::string_view text) {
    return !text.empty() &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

Result<std::string> expand_word(const std::string& word, const std::map<std::string, std::string>& values) {
    std::string result;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] != '{') {
            result += word[i];
            continue;
        }
        if (i + 1 < word.size() && word[i + 1] == '{') {
            result += word[i++];
            continue;
        }
        const std::size_t end = word.find('}', i);
        const std::string name = end == std::string::npos ? "" : word.substr(i + 1, end - i - 1);
        if (!is_name(name)) {  // JSON and the like in an argument
            result += word[i];
            continue;
        }
        const auto value = values.find(name);
        if (value == values.end()) {
            std::vector<std::string> known;
            known.reserve(values.size());
            for (const auto& [key, unused] : values) known.push_back(key);
            const auto nearest = nearest_word(name, known);
            return usage_failure(
                fmt::format("fill in '{{{}}}' in '{}'", name, word), "it stands for nothing",
                nearest ? fmt::format("did you mean {{{}}}? A brace is written {{{{", *nearest)
                        : fmt::format("known are {}; a brace is written {{{{", fmt::join(known, ", ")),
                Mistake::unknown_name);
        }
        result += value->second;
        i = end;
    }
    return result;
}

// A parameter's value may have our own words in it: a pace of its own for each {index}.
Result<std::map<std::string, std::string>> values_of(const Scenario& scenario, const ExpandContext& context) {
    const auto own = own_values(scenario, context);
    std::map<std::string, std::string> values = own;
    for (const auto& [name, value] : scenario.parameters) {
        NETCUT_ASSIGN(std::string expanded, expand_word(value, own));
        values.emplace(name, std::move(expanded));
    }
    return values;
}

// A word that is nothing but one parameter stands for as many words as its value has: {aggregator-args}.
bool is_parameter(const std::string& word, const Scenario& scenario) {
    return word.size() > 2 && word.front() == '{' && word.back() == '}' &&
           scenario.parameters.contains(word.substr(1, word.size() - 2));
}

}  // namespace

Result<std::vector<std::string>> expand(const std::vector<std::string>& words, const Scenario& scenario,
                                        const ExpandContext& context) {
    NETCUT_ASSIGN(const auto values, values_of(scenario, context));
    std::vector<std::string> expanded;
    for (const std::string& word : words) {
        NETCUT_ASSIGN(std::string text, expand_word(word, values));
        if (!is_parameter(word, scenario)) {
            expanded.push_back(std::move(text));
        } else if (!text.empty()) {
            NETCUT_ASSIGN(const auto several, split_command(text));
            expanded.insert(expanded.end(), several.begin(), several.end());
        }
    }
    return expanded;
}

Result<std::map<std::string, std::string>> expand_values(const std::map<std::string, std::string>& variables,
                                                         const Scenario& scenario,
                                                         const ExpandContext& context) {
    std::map<std::string, std::string> expanded;
    for (const auto& [name, value] : variables) {
        NETCUT_ASSIGN(expanded[name], expand_text(value, scenario, context));
    }
    return expanded;
}

Result<std::string> expand_text(const std::string& word, const Scenario& scenario,
                                const ExpandContext& context) {
    NETCUT_ASSIGN(const auto values, values_of(scenario, context));
    return expand_word(word, values);
}

}  // namespace netcut
