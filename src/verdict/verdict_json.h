// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "record/facts.h"
#include "scenario/scenario.h"
#include "verdict/verdict.h"

namespace netcut {

// `exit_status` of the result is the run's.
Json verdict_json(const Facts& facts, const Verdict& verdict, const Scenario& scenario);

}  // namespace netcut
