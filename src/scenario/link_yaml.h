// SPDX-License-Identifier: Apache-2.0
//
// `link:` of a scenario as it is written. Pure.
#pragma once

#include <vector>

#include "scenario/link_spec.h"
#include "scenario/scenario.h"
#include "scenario/yaml_section.h"

namespace netcut {

void read_links(YamlSection& section, Scenario& scenario);
void write_links(YAML::Emitter& out, const std::vector<LinkSpec>& links);

}  // namespace netcut
