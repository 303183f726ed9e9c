// SPDX-License-Identifier: Apache-2.0
//
// Sites and links: what they add to the building of a network, and what it costs to play traces.
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <optional>
#include <thread>

#include "base/random.h"
#include "bench/figures.h"
#include "bench/namespaces.h"
#include "bench/scene.h"
#include "fabric/fabric.h"
#include "run/link_player.h"

namespace netcut::bench {
namespace {

// All but the first node are in one, behind a NAT.
FabricOptions with_sites(std::size_t sites, std::size_t nodes_each) {
    FabricOptions options;
    for (std::size_t site = 0; site < sites; ++site) {
        SiteSpec spec;
        spec.name = fmt::format("site{}", site);
        spec.nat = Nat::home;
        for (std::size_t i = 0; i < nodes_each; ++i)
            spec.nodes.push_back(fmt::format("node{}", 1 + site * nodes_each + i));
        options.sites.push_back(std::move(spec));
    }
    return options;
}

void build_once(const FabricOptions& options, const std::vector<std::string>& names, Samples& up) {
    const auto begin = Clock::now();
    auto fabric = std::make_optional(must(Fabric::build(options, names)));
    up.add(Clock::now() - begin);
    fabric.reset();
    await_clean_kernel();
}

// Another rate in each tenth of a second, none of them twice in a row.
std::shared_ptr<const LinkTrace> restless_trace(std::uint64_t seed) {
    Random random(seed);
    std::vector<TraceStep> steps;
    for (int i = 0; i < 50; ++i)
        steps.push_back({.at = i * LinkPlayer::step, .bits_per_second = random.next(1, 40) * 1e6});
    const Nanoseconds length = steps.size() * LinkPlayer::step;
    return std::make_shared<LinkTrace>(std::move(steps), length);
}

}  // namespace

std::vector<Figure> measure_sites(std::size_t sites, std::size_t nodes_each, std::size_t repeats) {
    const std::size_t nodes = 1 + sites * nodes_each;
    Figure up{fmt::format("build_{}_in_{}_sites", nodes, sites), Unit::milliseconds, {}, {}};
    const auto names = node_names(nodes);
    for (std::size_t i = 0; i < repeats; ++i) {
        build_once(with_sites(sites, nodes_each), names, up.product);
        build_once({}, names, up.floor);
    }
    return {up};
}

std::vector<Figure> measure_links(std::size_t links, Nanoseconds length) {
    Figure cpu{fmt::format("cpu_a_second_of_{}_links", links), Unit::milliseconds, {}, {}};
    FabricOptions options;
    options.single_segments = true;
    const auto names = node_names(1 + links);
    for (std::size_t i = 1; i <= links; ++i) options.access.push_back({names[i], 1 << 20, 1 << 20});
    Fabric fabric = must(Fabric::build(options, names));
    std::vector<LinkPlayer::Side> sides;
    for (std::size_t node = 1; node <= links; ++node)
        for (const bool up : {true, false})
            sides.push_back({node, up, {restless_trace(2 * node + (up ? 1 : 0))}});
    boost::asio::io_context io;
    LinkPlayer player(io, *fabric.access(), std::move(sides), options.mtu, std::chrono::seconds(1),
                      {[](const LinkPlayer::Window&) {},
                       [](const Error& error) { throw std::runtime_error(error.text()); }});
    must(player.prepare());
    must(player.start());
    std::this_thread::sleep_for(length);
    player.stop();
    io.run();
    cpu.product.add(1e9 * seconds(player.sum().cpu) / seconds(length));
    return {cpu};
}

}  // namespace netcut::bench
