// SPDX-License-Identifier: Apache-2.0
//
// What a paper has to say of a study: what was varied, how often it was run, where, and what the machine spoiled. Pure.
#pragma once

#include "base/json.h"
#include "study/design.h"
#include "study/progress.h"

namespace netcut {

// design.json: kind, name, digest, seed, factors, cells with their levels and faults, measures, repeats.
Json design_facts(const StudyDesign& design);
// study.json: that, and versions, kernels, hosts and counts of the rows, and the columns of results.csv.
Json study_facts(const Json& design, const StudyRows& rows);

}  // namespace netcut
