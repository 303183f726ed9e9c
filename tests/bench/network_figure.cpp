// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/time.h"
#include "bench/figures.h"
#include "bench/floor_network.h"
#include "bench/peer_network.h"
#include "bench/program.h"
#include "bench/scene.h"
#include "bench/traffic.h"
#include "fabric/fabric.h"
#include "fabric/options.h"
#include "scenario/scenario.h"

namespace netcut::bench {
namespace {

// Namespaces of a network, whoever has built it.
int router(const Fabric& fabric) {
    return fabric.router().fd();
}
int router(const FloorNetwork& floor) {
    return floor.router();
}
int node(const Fabric& fabric, std::size_t index) {
    return fabric.node(index).ns.fd();
}
int node(const FloorNetwork& floor, std::size_t index) {
    return floor.node(index);
}

template <typename Build>
void measure_once(Build build, Samples& up, Samples& down) {
    auto begin = Clock::now();
    auto network = std::make_optional(build());
    up.add(Clock::now() - begin);
    // A floor that forwards nothing would be no measure.
    Traffic(node(*network, 1), node(*network, 0)).await_both_ways();
    Witness witness(router(*network));
    begin = Clock::now();
    network.reset();
    witness.await_end();
    down.add(Clock::now() - begin);
    await_clean_kernel();
}

}  // namespace

std::vector<Figure> measure_network(std::size_t nodes, std::size_t repeats, std::size_t peers) {
    Figure up{fmt::format("build_{}_nodes", nodes), Unit::milliseconds, {}, {}};
    Figure down{fmt::format("take_down_{}_nodes", nodes), Unit::milliseconds, {}, {}};
    up.series = "building a network, ms, by nodes";
    down.series = "taking a network down, ms, by nodes";
    up.size = down.size = static_cast<double>(nodes);
    const auto names = node_names(nodes);
    for (std::size_t i = 0; i < repeats; ++i) {
        measure_once([&] { return must(Fabric::build({}, names)); }, up.product, down.product);
        measure_once([&] { return FloorNetwork(nodes); }, up.floor, down.floor);
    }
    constexpr std::size_t mininet_most = 100;  // a thousand would take it minutes
    const bool by_ip = is_installed("ip"), by_mininet = nodes <= mininet_most && has_mininet();
    for (std::size_t i = 0; i < peers; ++i) {
        if (by_ip) up.peers["ip -batch"].add(time_ip_batch(nodes));
        if (by_mininet) up.peers["Mininet"].add(time_mininet(nodes));
    }
    return {up, down};
}

std::vector<Figure> measure_bridge(std::size_t nodes, std::size_t repeats) {
    Figure up{fmt::format("build_{}_bridged", nodes), Unit::milliseconds, {}, {}};
    Figure down{fmt::format("take_down_{}_bridged", nodes), Unit::milliseconds, {}, {}};
    FabricOptions options;
    options.kind = FabricKind::bridge;
    for (std::size_t i = 0; i < repeats; ++i)
        measure_once([&] { return must(Fabric::build(options, node_names(nodes))); }, up.product,
                     down.product);
    return {up, down};
}

}  // namespace netcut::bench
