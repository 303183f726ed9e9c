// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "folder/folder.h"
#include "record/event.h"
#include "scenario/scenario.h"
#include "verify/verify.h"

namespace netcut {

// Whether what the journal says of the model's files follows from those in the run's folder, and from the twins' if these are
// still there.
void check_model_files(const RunFolder& folder, const Scenario& scenario, const event::ModelSeen& seen,
                       Check& check);

// Whether what the scenario says of the twins follows from their own records, if these are still there.
void check_twins(const RunFolder& folder, const Scenario& scenario, Check& check);

}  // namespace netcut
