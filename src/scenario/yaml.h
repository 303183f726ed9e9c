// SPDX-License-Identifier: Apache-2.0
//
// Scenarios from YAML, and back.
#pragma once

#include <string>

#include "base/error.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"

namespace netcut {

// Overlays `scenario` with a YAML text. An error has the form "FILE:line:column: what".
Result<void> read_yaml(Scenario& scenario, const std::string& text, const std::string& file);
// The template that a YAML text wants beneath it; empty if none, or if it is no YAML.
std::string template_named_in(const std::string& text);
// The whole scenario as YAML that read_yaml takes, without need of its template.
std::string write_yaml(const Scenario& scenario);

// Overlays one fault with a YAML mapping; `name` stands for the file in errors.
Result<void> read_fault_yaml(FaultSpec& fault, const std::string& text, const std::string& name);

}  // namespace netcut
