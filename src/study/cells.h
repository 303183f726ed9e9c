// SPDX-License-Identifier: Apache-2.0
//
// From the factors of a study to its cells.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "study/study_file.h"

namespace netcut {

// Sets what a path of keys leads to, "faults.0.model" or "faults.cut.model": mappings that are not there are made, and in a
// list the entry after the last. `cols` is `collaborators`.
Result<void> set_in_scenario(YAML::Node& scenario, const std::string& path, const std::string& value);

// {NAME} becomes the level of the factor NAME; other words in braces stay as they are.
std::string with_levels(const std::string& text,
                        const std::vector<std::pair<std::string, std::string>>& factors);

// All combinations, the last factor changes first; or those that are listed. `file` is the study's, for errors and for
// what it names.
Result<std::vector<StudyCell>> make_cells(const StudySpec& spec, const std::string& file);

}  // namespace netcut
