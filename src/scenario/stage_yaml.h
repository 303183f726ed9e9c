// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scenario/scenario.h"
#include "scenario/yaml_section.h"

namespace netcut {

// The keys of a scenario that say what is done before a run: `stages` and `needs`.
void read_stages(YamlSection& section, Scenario& scenario);

}  // namespace netcut
