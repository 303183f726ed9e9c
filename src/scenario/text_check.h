// SPDX-License-Identifier: Apache-2.0
//
// Which texts a scenario may have: what the run leaves as scenario.yaml reads back as the same.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "scenario/scenario.h"

namespace netcut {

// Why a scenario cannot have this text; nothing if it can.
std::optional<std::string> unfit(std::string_view text);

// Of runs and faults. Files are named after them, and screens show them.
Result<void> check_name(const std::string& name, const std::string& whose);
// Every other text.
Result<void> check_texts(const Scenario& scenario);

}  // namespace netcut
