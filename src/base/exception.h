// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include "base/error.h"

namespace netcut {

// What a library threw. For want of memory, processes or descriptors it is the machine's, else our own
// defect.
Error error_of(const std::exception& thrown);

}  // namespace netcut
