// SPDX-License-Identifier: Apache-2.0
//
// Connections of which one end is missing.
#pragma once

#include <string>
#include <vector>

#include "kernel/address.h"
#include "kernel/sockdiag.h"
#include "record/facts.h"

namespace netcut {

struct NodeSockets {
    std::string name;
    std::vector<IpAddress> addresses;
    std::vector<TcpSocket> sockets;
};
// Sockets between these nodes whose other end is missing, or one of whose addresses nobody has any more. Nodes are
// read one after another, so that a connection which opens or closes meanwhile looks the same.
std::vector<HalfOpen> find_half_open(const std::vector<NodeSockets>& nodes);
// Those of `candidates` that a later reading, of their nodes and peers at least, finds again.
std::vector<HalfOpen> still_half_open(const std::vector<HalfOpen>& candidates,
                                      const std::vector<NodeSockets>& again);

}  // namespace netcut
