// SPDX-License-Identifier: Apache-2.0
//
// What it costs to hold packets: by us, by a TCP proxy, and by netem where the kernel has it.
#include "base/time.h"
#include "bench/delay_proxy.h"
#include "bench/figures.h"
#include "bench/floor_network.h"
#include "bench/passage.h"
#include "bench/require.h"
#include "bench/scene.h"
#include "fault/fault.h"
#include "fault/needs.h"
#include "fault/probe.h"
#include "hold/hold_list.h"
#include "kernel/netns.h"
#include "link/queue.h"

namespace netcut::bench {
namespace {

constexpr auto held_for = std::chrono::milliseconds(1);
constexpr int held_trips = 100;

QueueSpec held_spec() {
    QueueSpec spec;
    spec.delay = held_for;
    return spec;
}

// A network in which packets are held, each way.
struct Held {
    explicit Held(PacketAction action)
        : fabric(must(Fabric::build({}, {"aggregator", "collaborator1"}))),
          table(must(FaultTable::lay(fabric, {plan_of(std::move(action))}))),
          fault(must(Fault::prepare(fabric, table, 0))) {
        must(fault.fire());
    }
    static FaultPlan plan_of(PacketAction action) {
        FaultPlan plan = Scene::cut_plan(std::chrono::hours(1));
        plan.action = std::move(action);
        return plan;
    }

    Fabric fabric;
    FaultTable table;
    Fault fault;
};

PacketAction held_by_us() {
    Hold hold;
    hold.up.list = hold.down.list = must(HoldList::make(held_spec(), 0, 1));
    return hold;
}

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
    if (netem) peer.emplace(Queue{held_spec()});
    for (std::size_t i = 0; i < repeats; ++i) {
        measure_in(product, trip.product, bulk.product);
        {
            const DelayProxy proxy(floor.node(0), held_for);
            measure_on({floor.node(victim), floor.node(0), DelayProxy::port}, trip.floor, bulk.floor);
        }
        if (peer) measure_in(*peer, trip.peers["netem"], bulk.peers["netem"]);
    }
    return {std::move(trip), std::move(bulk)};
}

}  // namespace netcut::bench
