// SPDX-License-Identifier: Apache-2.0
//
// From what a run has left to its row.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "explore/outcome.h"
#include "folder/folder.h"
#include "kernel/task_use.h"
#include "study/claims.h"
#include "study/design.h"
#include "study/row.h"

namespace netcut {

// A run that has ended.
struct EndedRun {
    StudyRunKey key{};
    RunOutcome outcome{};
    std::optional<TaskUse> use{};  // none: it was too short to be looked at
    std::string started{};         // UTC
};
// `folder` is the study's, the run in its runs/. A file of the run that cannot be read leaves numbers out. What the machine
// did to it is decided here: crowded by the design's bound, error without a verdict.
StudyRow measure_run(const RunFolder& folder, const StudyDesign& design, const EndedRun& ended,
                     const Claim& claim);
// Of a run that was judged: whether it had the CPU that it wanted; from 1 on `crowded_above` does not ask.
MachineWord machine_word(std::optional<double> starved, double crowded_above);
// The row of a run that was begun too often without ever coming to its end.
StudyRow row_of_lost(const StudyDesign& design, StudyRunKey key, const Claim& claim);

}  // namespace netcut
