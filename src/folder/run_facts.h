// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "folder/folder.h"
#include "record/facts.h"
#include "scenario/scenario.h"

namespace netcut {

// What the journal in a run's folder comes to. `scenario`: the run's own.
Result<Facts> read_facts(const RunFolder& folder, const Scenario& scenario);

}  // namespace netcut
