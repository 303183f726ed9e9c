// SPDX-License-Identifier: Apache-2.0
//
// Scenarios of an aggregator and three collaborators, of which a test gives the rest.
#pragma once

#include <stdexcept>
#include <string>

#include "scenario/check.h"
#include "scenario/input.h"
#include "scenario/yaml.h"

namespace netcut::test {

inline constexpr const char* roles =
    "aggregator: {command: a}\ncollaborator: {command: c}\ncollaborators: 3\n";

// Throws what is wrong with it.
inline Scenario checked(const std::string& yaml) {
    Scenario scenario;
    auto result = read_yaml(scenario, roles + yaml, "test.yaml");
    if (result) result = read_named_files(scenario);
    if (result) result = check(scenario);
    if (!result) throw std::runtime_error(result.error().text());
    return scenario;
}

}  // namespace netcut::test
