// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "folder/folder.h"
#include "folder/node_log.h"

namespace netcut {

// The lines that a page has of each node: the first ones, those around faults, and the last ones; a bounded number.
// `nodes` and `bands` are those of the page's data. By node: `total`, and `lines`: [number, us, stream, text], us null
// if it is not known.
Json log_view(const RunFolder& folder, const LogPieces& pieces, const Json& nodes, const Json& bands);

}  // namespace netcut
