// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include "base/error.h"
#include "scenario/scenario.h"
#include "scenario/yaml_section.h"

namespace netcut {

// `counted:`, `model:`, `twins:`, `deliveries:` and `safety:` of a scenario.
void read_safety(YamlSection& section, Scenario& scenario);
void write_safety(YAML::Emitter& out, const Scenario& scenario);

// Its patterns can be read, and their groups are known ones.
Result<void> check_counted(const Scenario& scenario);
Result<void> check_model(const Scenario& scenario);

}  // namespace netcut
