// SPDX-License-Identifier: Apache-2.0
//
// Manual pages from what the command line knows of itself, so that neither can be out of date.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/error.h"

namespace netcut {

// The other pages that a page names at its end: "netcut-fl(1)".
using SeeAlso = std::vector<std::string>;

// The page of a command, in man(7): its arguments, its options by group, and its footer. `title`: "netcut-fl run".
std::string manual_page(const CLI::App& command, const std::string& title, int section,
                        const SeeAlso& see_also);

// netcut-fl(1), and a page of this section for each command that help lists, as files FOLDER/netcut-fl-run.1. A file that cannot be
// written is an error.
Result<void> write_manual(const CLI::App& app, const std::string& folder);

}  // namespace netcut
