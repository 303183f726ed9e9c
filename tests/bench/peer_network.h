// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/time.h"

namespace netcut::bench {

// The network of a routed Fabric, as scripts build it: named namespaces, one `ip -batch` for the router and
// one for each node. In a mount namespace of its own, whose end takes everything away.
Nanoseconds time_ip_batch(std::size_t nodes);
// Hosts on one Linux bridge, as Mininet's users make them, each with its shell.
bool has_mininet();
Nanoseconds time_mininet(std::size_t nodes);

}  // namespace netcut::bench
