// SPDX-License-Identifier: Apache-2.0
// A collaborator's update as the payload that is sent in chunks.
#pragma once

#include <optional>
#include <string>

#include "average.h"

namespace netcut::reference {

std::string serialise_results(const Update& update);

// Nothing if the payload is damaged, lacks a tensor or carries no samples.
std::optional<Update> parse_results(const std::string& payload);

}  // namespace netcut::reference
