// SPDX-License-Identifier: Apache-2.0
//
// What a scenario leaves to where the user is.
#pragma once

#include "base/error.h"
#include "scenario/scenario.h"

namespace netcut {

// Its parameters that are paths become absolute, as the shell that the user typed them into means it. What begins with a
// word in braces says where it is.
Result<void> complete_paths(Scenario& scenario);
// The workspace of a scenario that has stages, if none is named, and absolute.
Result<void> complete_workspace(Scenario& scenario);

}  // namespace netcut
