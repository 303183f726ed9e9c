// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/error.h"
#include "kernel/netns.h"

namespace netcut {

// Packets for which the namespace's own stack had no route, of both address families, since it was made
// (OutNoRoutes of /proc/net/snmp and snmp6, RFC 4293).
Result<std::uint64_t> count_unroutable(const NetNs& where);

}  // namespace netcut
