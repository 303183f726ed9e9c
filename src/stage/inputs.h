// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "scenario/scenario.h"

namespace netcut {

// What a stage depends on, by name: "commands", "input PATH", ...; each as a digest or a short text.
using Dependencies = std::map<std::string, std::string>;

// The stage's commands with all words filled in. Where the workspace, the template and this program are does
// not count, nor what PATH is: a workspace may be moved.
Result<std::string> commands_text(const Scenario& scenario, const StageSpec& stage);

// SHA-256 of a file, or of all that is in a folder, links as such.
Result<std::string> digest_tree(const std::string& path);
// As digest_tree, without template.yaml: what of it matters to a stage is in its commands.
Result<std::string> digest_template_files(const std::string& folder);

// What of `now` differs from `then`, in words; empty if nothing does.
std::string difference(const Dependencies& then, const Dependencies& now);
std::string digest_of(const Dependencies& dependencies);

}  // namespace netcut
