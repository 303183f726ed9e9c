// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "fault/needs.h"
#include "kernel/netns.h"

namespace netcut {

// Tries it in a namespace that harms nobody.
Result<void> probe(Need need, const NetNs& apart);

}  // namespace netcut
