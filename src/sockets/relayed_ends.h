// SPDX-License-Identifier: Apache-2.0
//
// Two connections that a proxy has put together, as one between their far ends. What an end has sent and the proxy's kernel has
// acknowledged has not arrived: it has when the far end's kernel has it.
#pragma once

#include <cstdint>

#include "fabric/sites.h"
#include "kernel/sockdiag.h"
#include "proxy/relay.h"

namespace netcut {

// What it has sent and the peer has acknowledged, without the SYN of an end that opened the connection.
std::uint64_t sent_by(const TcpSocket& socket);
// What it has received in sequence, without the FIN of the peer.
std::uint64_t received_by(const TcpSocket& socket);

// What is seen of a relay's far ends, as they were read at about the same time; null: it is not there.
struct FarEnds {
    const TcpSocket *node, *target;
};
void note_arrivals(Sites& sites, const Relay& relay, const FarEnds& ends);
// The node's end: sent is what the target's kernel has and the node's knows to be acknowledged, and in its send queue is also what the proxy still has of it.
TcpSocket node_end_to_end(const FarEnds& ends, const Relay& relay);
TcpSocket target_end_to_end(const FarEnds& ends, const Relay& relay);
// Of which this socket is a far end, the node's or its target's; null: of none that is known.
const Relay* relay_with(const Sites& sites, const TcpSocket& socket);
bool is_end(const RelayEnd& end, const TcpSocket& socket);
// A node's end of a connection to a proxy that has not said where to: nothing of it has come anywhere.
TcpSocket going_nowhere(TcpSocket node);

}  // namespace netcut
