// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "explore/search.h"
#include "scenario/yaml_section.h"
#include "study/study_file.h"

namespace netcut {

// A framework as the file has it.
struct FrameworkSpec {
    std::string name;
    StudySpec study{};  // its scenario, and a factor with its versions
};
struct MatrixKeys {
    StudyDesign design{};
    std::vector<FrameworkSpec> frameworks{};
    std::vector<std::string> moments{}, kinds{}, durations{};
    std::optional<SearchOptions> explore{};
};
// Asks the mapping for its keys; what is wrong is in the section's source.
void read_matrix_keys(YamlSection& section, MatrixKeys& keys);

// The factor of a framework's versions: what `set` of the file has {version} for.
inline constexpr const char* version_factor = "version";

}  // namespace netcut
