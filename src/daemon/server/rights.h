// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "netcut/base.h"

namespace netcut {

// Gives up, of root's rights, all that the daemon needs no more once it listens. What it executes gains none
// of them back.
Result<void> keep_few_rights();

}  // namespace netcut
