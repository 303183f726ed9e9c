// SPDX-License-Identifier: Apache-2.0
#include "cli/suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/nearest_word.h"

namespace netcut::cli {
namespace {

// What other tools call it, and what it is called here. No edit distance finds these.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> synonyms{{
    {"--clients", "--cols"},
    {"--nodes", "--cols"},
    {"--server", "--aggregator"},
    {"--client", "--collaborator"},
    {"--duration", "--for"},
    {"--heal-after", "--for"},
    {"--reconnect", "--for"},
    {"--fault-kind", "--kind"},
    {"--trigger", "--cut-on"},
    {"--output", "--out"},
    {"--output-dir", "--out"},
    {"--parameter", "--set"},
    {"--param", "--set"},
}};

std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

std::optional<std::string> meant(const std::string& word, const std::vector<std::string>& known) {
    const auto is_known = [&](std::string_view name) {
        return std::find(known.begin(), known.end(), name) != known.end();
    };
    for (const auto& [said, name] : synonyms)
        if (word == said && is_known(name)) return std::string(name);
    return nearest_word(word, known);
}

std::string unknown_option(const CLI::App& command, const std::vector<std::string>& words) {
    const std::vector<std::string> known = option_names(command);
    for (const std::string& argument : words) {
        if (argument == "--") break;
        const std::string word = argument.substr(0, argument.find('='));
        if (!word.starts_with("--") || std::find(known.begin(), known.end(), word) != known.end()) continue;
        if (word == "--dry-run") return " (netcut-fl check FILE looks for mistakes, and runs nothing)";
        if (const auto option = meant(word, known)) return fmt::format(" (did you mean {}?)", *option);
    }
    return {};
}

std::string unknown_command(const CLI::App& app, const std::string& word) {
    std::vector<std::string> known;
    for (const CLI::App* command : app.get_subcommands({}))
        if (!command->get_group().empty()) known.push_back(command->get_name());
    const std::string reason = fmt::format("there is no command '{}'", word);
    if (word == "version") return reason + " (did you mean --version?)";
    const auto nearest = nearest_word(word, known);
    return nearest ? fmt::format("{} (did you mean '{}'?)", reason, *nearest) : reason;
}

}  // namespace

std::string explain_mistake(const CLI::App& app, const std::vector<std::string>& words,
                            const std::string& parsing) {
    const auto chosen = app.get_subcommands();  // which parsing came to
    const bool names_command = !words.empty() && !words.front().starts_with('-');
    if (!chosen.empty())
        return fmt::format("{}{}\nSee netcut-fl {} --help.", parsing, unknown_option(*chosen.front(), words),
                           chosen.front()->get_name());
    return (names_command ? unknown_command(app, words.front()) : parsing + unknown_option(app, words)) +
           "\nSee netcut-fl --help.";
}

std::vector<std::string> without_help_command(std::vector<std::string> words) {
    if (words.empty() || words.front() != "help") return words;
    words.erase(words.begin());
    words.emplace_back("--help");
    return words;
}

}  // namespace netcut::cli
