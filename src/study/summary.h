// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "study/progress.h"

namespace netcut {

// The cells of a study as lines of text: what came of their runs, and the mean of `measure` with its interval. `design`:
// design.json.
std::string cells_text(const Json& design, const StudyRows& rows, const std::string& measure);

}  // namespace netcut
