// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "kernel/address.h"
#include "kernel/netns.h"

namespace netcut {

// Tells the segment who has `address` now: a gratuitous ARP (RFC 5227) or an unsolicited neighbour
// advertisement (RFC 4861, 7.2.6). `link` is an interface of `where`.
Result<void> announce(const NetNs& where, int link, const MacAddress& mac, const IpAddress& address);

}  // namespace netcut
