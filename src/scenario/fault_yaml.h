// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include "base/error.h"
#include "scenario/fault_spec.h"
#include "scenario/triggers.h"
#include "scenario/yaml_section.h"

namespace netcut {

// One entry of `faults`.
void read_fault(YamlSection& section, FaultSpec& fault);
void read_common_keys(YamlSection& section, FaultSpec& fault);  // those that every fault takes
void write_fault(YAML::Emitter& out, const FaultSpec& fault);
// triggers.cpp: its `on`.
void read_on(YamlSection& fault, FaultTrigger& trigger);
void write_on(YAML::Emitter& out, const FaultTrigger& trigger);
std::string on_schema();

// yaml.cpp: asks for all keys of a scenario.
void outline_scenario(YamlSection& section);

// Stores what a parse_... function of words.h makes of a word.
template <typename T, typename Parse>
std::function<Result<void>(const std::string&)> into(T& target, Parse parse) {
    return [&target, parse](const std::string& word) -> Result<void> {
        NETCUT_ASSIGN(target, parse(word));
        return {};
    };
}

}  // namespace netcut
