// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "record/facts.h"

namespace netcut {

// `hang` of verdict.json: why a run that has a RunProof hangs, what would help, and what is certain of it.
Json hang_json(const Facts& facts);

}  // namespace netcut
