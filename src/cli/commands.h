// SPDX-License-Identifier: Apache-2.0
//
// The commands of netcut-fl, as one list.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <vector>

namespace netcut::cli {

// What a command does; it returns the exit status.
using Action = std::function<int()>;

struct Command {
    const char* name;
    const char* help;
    // Adds its options. What it returns is called, if the command was given, once these have their values.
    std::function<Action(CLI::App& command)> add;
};

// Of the functions that most commands are made of.
template <typename Options>
std::function<Action(CLI::App&)> with_options(void (*add_options)(CLI::App&, Options&),
                                              int (*run)(const Options&)) {
    return [=](CLI::App& command) -> Action {
        const auto options = std::make_shared<Options>();
        add_options(command, *options);
        return [=] { return run(*options); };
    };
}

// In the order of the help.
std::vector<Command> all_commands();

}  // namespace netcut::cli
