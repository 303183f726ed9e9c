// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/journal_digest.h"

namespace netcut {

// The lines of the node's log around each line that fired a fault, as the page reads them. ANSI sequences are
// left out, as in matching; bytes that are no UTF-8 are still there.
Json log_excerpts(const RunFolder& folder, const JournalDigest& digest);

}  // namespace netcut
