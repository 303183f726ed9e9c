// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace netcut::cli {

// What a shell may put in place of the last of these words, which is being typed and may be empty: commands, options, and the
// values of those whose placeholder says what they are (NODE, KIND, RUN, ...). Nothing where a file name is due, or where
// anything may stand. `words` are those after the name of the program. What is known of a run comes
// from the daemon, or from the run's folder.
std::vector<std::string> complete(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace netcut::cli
