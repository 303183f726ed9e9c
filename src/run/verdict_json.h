// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "record/facts.h"
#include "run/verdict.h"
#include "scenario/scenario.h"

namespace netcut {

// `exit_status` of the result is the run's.
Json verdict_json(const Facts& facts, const Verdict& verdict, const Scenario& scenario);

}  // namespace netcut
