// SPDX-License-Identifier: Apache-2.0
//
// What it costs to hold packets: by us, by a TCP proxy, and by netem where the kernel has it.
#include "bench/figures.h"
#include "bench/floor_network.h"
#include "bench/held.h"
#include "bench/passage.h"
#include "bench/slow_proxy.h"
#include "fault/needs.h"
#include "fault/probe.h"
#include "kernel/netns.h"

namespace netcut::bench {
namespace {

constexpr int held_trips = 100;

void measure_on(Connection connection, Samples& trip, Samples& bulk) {
    trip.add(round_trip(connection, held_trips));
    bulk.add(bytes_per_second(connection));
}

void measure_in(Held& network, Samples& trip, Samples& bulk) {
    measure_on({network.fabric.node(victim).ns.fd(), network.fabric.node(0).ns.fd()}, trip, bulk);
}

}  // namespace

std::vector<Figure> measure_held(std::size_t repeats) {
    Figure trip{"round_trip_held_1ms", Unit::microseconds, {}, {}};
    Figure bulk{"throughput_held_1ms", Unit::gigabytes_per_second, {}, {}};
    Held product(held_by_us());
    FloorNetwork floor(2);
    const bool netem = probe(Need::netem, must(NetNs::create())).has_value();
    std::optional<Held> peer;
    if (netem) peer.emplace(held_by_netem());
    for (std::size_t i = 0; i < repeats; ++i) {
        measure_in(product, trip.product, bulk.product);
        {
            const SlowProxy proxy(floor.node(0), {held_for});
            measure_on({floor.node(victim), floor.node(0), SlowProxy::port}, trip.floor, bulk.floor);
        }
        if (peer) measure_in(*peer, trip.peers["netem"], bulk.peers["netem"]);
    }
    return {std::move(trip), std::move(bulk)};
}

}  // namespace netcut::bench
