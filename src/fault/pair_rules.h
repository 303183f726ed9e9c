// SPDX-License-Identifier: Apache-2.0
//
// The nftables rules of a fault that is about pairs of nodes: a node and its peers, or two sides of a partition. Two that a site's
// router lies between are known by the port of the one and the address of the other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fault/fault_rules.h"

namespace netcut {

void add_pair_sets(const FaultContext& fault);
// From `base`, packets between them that go this way go to `chain`.
void add_pairs(const FaultContext& fault, const std::string& base, Direction part, const std::string& chain);
// The peer has addresses that it did not have: behind a site's router it is known by them.
void add_addresses_of_peer(const FaultContext& fault, std::size_t peer);
// By which a node is known at another one's port: its own, and for all that is beyond a proxy the proxy's.
std::vector<IpAddress> addresses_seen_at(const FaultContext& fault, std::size_t here, std::size_t there);

}  // namespace netcut
