// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "safety/safety.h"

namespace netcut {

// `safety` of verdict.json.
Json safety_json(const Safety& safety);
Json safety_schema();

}  // namespace netcut
