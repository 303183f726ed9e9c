// SPDX-License-Identifier: Apache-2.0
//
// Reads scenarios from a YAML tree, which may be a part of another file.
#pragma once

#include <yaml-cpp/yaml.h>

#include "scenario/scenario.h"
#include "scenario/yaml_section.h"

namespace netcut {

// Asks the mapping for the keys of a scenario, and overlays `scenario` with them.
void read_scenario(YamlSection& section, Scenario& scenario);
// As read_yaml, of a mapping of `source`, whose errors say what is wrong with it. A node that has been put together from
// others has no places.
void read_scenario_node(YamlSource& source, const YAML::Node& node, Scenario& scenario);

}  // namespace netcut
