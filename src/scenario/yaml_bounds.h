// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>

namespace netcut {

// A text of YAML that is too much: where, and why.
struct YamlExcess {
    YAML::Mark mark;
    std::string why;
};

// An alias stands for all that its anchor has, wherever it is read: a small text can be huge, or without end.
// Nothing if it is within bounds. Throws what yaml-cpp throws.
std::optional<YamlExcess> find_excess(const std::string& text);

}  // namespace netcut
