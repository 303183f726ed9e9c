// SPDX-License-Identifier: Apache-2.0
#include "help/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace netcut {
namespace {

// groff_char(7): these would become typographic ones, which nobody can paste into a shell.
std::string roff(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '\\')
            result += "\\e";
        else if (c == '-')
            result += "\\-";
        else if (c == '\'')
            result += "\\(aq";
        else if (c == '`')
            result += "\\(ga";
        else if (c == '^')
            result += "\\(ha";
        else if (c == '~')
            result += "\\(ti";
        else
            result += c;
        // A request begins with a point at the beginning of a line.
        if (c == '\n') result += "\\&";
    }
    return result;
}

std::string dashed(std::string title) {
    std::replace(title.begin(), title.end(), ' ', '-');
    return title;
}

std::string names_of(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const std::string& name : option.get_snames()) names.push_back("\\fB" + roff("-" + name) + "\\fR");
    for (const std::string& name : option.get_lnames()) names.push_back("\\fB" + roff("--" + name) + "\\fR");
    std::string text = fmt::format("{}", fmt::join(names, ", "));
    const bool has_value = option.get_items_expected_max() > 0 && !option.get_type_name().empty();
    if (has_value) text += " \\fI" + roff(option.get_type_name()) + "\\fR";
    return text;
}

std::string entry(const std::string& term, const std::string& text) {
    return fmt::format(".TP\n{}\n{}\n", term, roff(text));
}

bool is_hidden(const CLI::Option& option) {
    return option.get_group().empty();
}

std::string arguments(const CLI::App& command) {
    std::string text;
    for (const CLI::Option* option : command.get_options())
        if (option->get_positional())
            text += entry("\\fI" + roff(option->get_name(true)) + "\\fR", option->get_description());
    return text.empty() ? "" : ".SH ARGUMENTS\n" + text;
}

std::string options_of_group(const CLI::App& command, const std::string& group) {
    std::string text;
    for (const CLI::Option* option : command.get_options())
        if (!option->get_positional() && !is_hidden(*option) && option->get_group() == group)
            text += entry(names_of(*option), option->get_description());
    return text;
}

// Sub-section by sub-section; those that belong to none come first.
std::string options(const CLI::App& command) {
    std::vector<std::string> groups;
    for (const CLI::Option* option : command.get_options())
        if (!option->get_positional() &&
            std::find(groups.begin(), groups.end(), option->get_group()) == groups.end())
            groups.push_back(option->get_group());
    std::string text = ".SH OPTIONS\n";
    for (const std::string& group : groups) {
        const std::string entries = options_of_group(command, group);
        if (entries.empty()) continue;
        text += (group == "Options" ? "" : ".SS " + roff(group) + "\n") + entries;
    }
    return text;
}

std::string synopsis(const CLI::App& command, const std::string& title) {
    std::string text = fmt::format(".SH SYNOPSIS\n.B {}\n[\\fIOPTIONS\\fR]", roff(title));
    for (const CLI::Option* option : command.get_options()) {
        if (!option->get_positional()) continue;
        const std::string name = "\\fI" + roff(option->get_name(true)) + "\\fR";
        text += option->get_required() ? " " + name : " [" + name + "]";
    }
    if (!command.get_subcommands({}).empty()) text += " \\fICOMMAND\\fR ...";
    return text + "\n";
}

std::vector<const CLI::App*> listed_commands(const CLI::App& app) {
    std::vector<const CLI::App*> commands;
    for (const CLI::App* command : app.get_subcommands({}))
        if (!command->get_group().empty()) commands.push_back(command);
    return commands;
}

std::string commands(const CLI::App& app, const std::string& title) {
    std::string text;
    for (const CLI::App* command : listed_commands(app))
        text += entry(fmt::format("\\fB{}\\fR(1)", roff(dashed(title + " " + command->get_name()))),
                      command->get_description());
    return text.empty() ? "" : ".SH COMMANDS\n" + text;
}

}  // namespace

std::string manual_page(const CLI::App& command, const std::string& title, int section,
                        const SeeAlso& see_also) {
    std::string upper = dashed(title);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    std::string text = fmt::format(".TH {} {} \"\" \"netcut-fl {}\"\n", roff(upper), section, NETCUT_VERSION);
    text += fmt::format(".SH NAME\n{} \\- {}\n", roff(dashed(title)), roff(command.get_description()));
    text += synopsis(command, title) + arguments(command) + commands(command, title) + options(command);
    if (!command.get_footer().empty()) text += ".SH NOTES\n" + roff(command.get_footer()) + "\n";
    std::vector<std::string> others;
    for (const std::string& page : see_also) others.push_back(roff(page));
    return text + fmt::format(".SH SEE ALSO\n{}\n", fmt::join(others, ", "));
}

Result<void> write_manual(const CLI::App& app, const std::string& folder) {
    const std::string& name = app.get_name();
    const auto write = [&folder](const std::string& title, const std::string& page) -> Result<void> {
        const std::string path = fmt::format("{}/{}.1", folder, title);
        std::ofstream file(path);
        file << page;
        file.close();
        if (file) return {};
        return system_failure("write the manual page " + path);
    };
    NETCUT_TRY(write(name, manual_page(app, name, 1, {"netcut-fld(8)", "netcut-fl-scenario(5)"})));
    for (const CLI::App* command : listed_commands(app)) {
        const std::string title = name + " " + command->get_name();
        NETCUT_TRY(
            write(dashed(title), manual_page(*command, title, 1, {name + "(1)", "netcut-fl-scenario(5)"})));
    }
    return {};
}

}  // namespace netcut
