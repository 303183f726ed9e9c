// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "kernel/address.h"

namespace netcut {

class Fabric;
class NftTransaction;

// How many datagrams of UDP have come to the faults, and have passed them all, since the table was laid: of one way of a
// flow, by its source and port, destination and port. One that crosses a site's border comes twice, and behind a NAT under
// two ways.
struct DatagramCount {
    std::uint64_t came = 0, passed = 0;
    std::uint64_t rebound = 0;  // of those that came: as its peer sees it, the node had another port
    std::uint64_t arrived =
        0;  // of those that passed: at the port of a node, not of a site's router, which may lose them
};
using DatagramWay = std::tuple<IpAddress, std::uint16_t, IpAddress, std::uint16_t>;
using DatagramCounts = std::map<DatagramWay, DatagramCount>;

// At the end of `chain`.
void add_datagram_counters(NftTransaction& transaction, const std::string& chain, bool before_faults);
// At the end of `chain`, if there are sites: else all that pass have arrived.
void add_arrival_counters(NftTransaction& transaction, const Fabric& fabric, const std::string& chain);
inline constexpr const char* came_chain = "datagrams_came";  // counts one that gets no further
inline constexpr const char* rebound_chain =
    "datagrams_rebound";  // and one that has another port at its peer
void add_rebound_counters(NftTransaction& transaction);

}  // namespace netcut
