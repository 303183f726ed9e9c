// SPDX-License-Identifier: Apache-2.0
//
// JSON Schema of a file, from what its reader asks for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "scenario/yaml_section.h"

namespace netcut {

// What keys mean, by the key or by its last words, "fault.on".
using Meanings = std::map<std::string, const char*>;

Json outline_of(void (*read)(YamlSection&));
// Gives each key that has no description its meaning; a key without one throws. `path`: the keys above the schema.
void describe(Json& schema, const Meanings& meanings, std::vector<std::string>& path);

}  // namespace netcut
