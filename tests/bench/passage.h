// SPDX-License-Identifier: Apache-2.0
//
// One connection between two namespaces, and what passes on it.
#pragma once

#include <netinet/in.h>

#include "base/io.h"
#include "base/time.h"

namespace netcut::bench {

inline constexpr std::uint32_t aggregator_address = 0x0a630002;  // 10.99.0.2
inline constexpr std::uint16_t passage_port = 5000;

struct Connection {
    // `target`: where the collaborator connects to, if not to the aggregator itself.
    Connection(int collaborator_ns, int aggregator_ns, std::uint16_t target = passage_port);

    Fd collaborator, aggregator;
};

// From the collaborator to the aggregator, in half a second. The connection is of no use afterwards.
double bytes_per_second(Connection& connection);
// Of a byte there and one back: the median of `trips`.
Nanoseconds round_trip(Connection& connection, int trips = 500);

Fd open_passage();  // a TCP socket of the calling thread's namespace
sockaddr_in passage_at(std::uint32_t address, std::uint16_t port = passage_port);
// Accepts on all of the calling thread's namespace.
Fd listen_at(std::uint16_t port);

}  // namespace netcut::bench
