// SPDX-License-Identifier: Apache-2.0
//
// Routes over a link whose other end is one known machine: nothing on it is ever asked for.
#pragma once

#include <optional>

#include "fabric/addresses.h"
#include "kernel/links.h"

namespace netcut {

// By way of a gateway, which stands for all that is behind the link.
struct Way {
    int link;
    IpAddress gateway;
    MacAddress mac;
    IpAddress destination;
    unsigned prefix_length;
    int table = main_routes;
};

inline void add_way(Batch& batch, const Way& way) {
    add_neighbour(batch, {way.link, way.gateway, way.mac});
    add_route(batch, {way.gateway, whole(way.gateway), way.link, {}, way.table});
    add_route(batch, {way.destination, way.prefix_length, way.link, way.gateway, way.table});
}

// One address, as if it were at the other end.
inline void add_host_way(Batch& batch, int link, const IpAddress& address, const MacAddress& mac,
                         int table = main_routes) {
    add_neighbour(batch, {link, address, mac});
    add_route(batch, {address, whole(address), link, {}, table});
}

}  // namespace netcut
