// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "fabric/fabric.h"
#include "record/journal.h"

namespace netcut {

// The sites of a run, in its journal: as they were made, and what their routers have done in all.
void note_sites(const Fabric& fabric, Journal& journal);
Result<void> note_sums_of_sites(Fabric& fabric, Journal& journal);

}  // namespace netcut
