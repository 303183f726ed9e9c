// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "netcut/fabric.h"
#include "netcut/run.h"

namespace netcut {

// The node's TCP sockets but for listening ones, as they are now.
Result<NodeSockets> read_sockets(const NodeLink& node);
// Half-open connections of the fabric's nodes: those that stay so over a few readings, some 10 ms apart.
Result<std::vector<HalfOpen>> sample_half_open(const Fabric& fabric);

}  // namespace netcut
