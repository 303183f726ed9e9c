// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "link/counter.h"

namespace netcut {

// What passed at a node's port since the table was laid.
struct DataCounters {
    CounterValue up, down;                    // data
    CounterValue messages_up, messages_down;  // messages alone
};

}  // namespace netcut
