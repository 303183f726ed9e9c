// SPDX-License-Identifier: Apache-2.0
#include "bench/figures.h"
#include "bench/fire_timing.h"
#include "bench/floor_cut.h"
#include "bench/namespaces.h"
#include "bench/program.h"
#include "bench/scene.h"
#include "fault/fault.h"

namespace netcut::bench {
namespace {

// No cut lives as long; it is healed before.
constexpr auto lease = std::chrono::seconds(20);

// As a script does it: the program is started, and adds a rule to a chain that is there already.
void measure_nft(const Cores& cores, Scene& scene, std::size_t repeats, Figure& acknowledged, Figure& loss) {
    const auto nft = [&](const Words& words) {
        in_namespace(scene.fabric.router().fd(), [&] {
            Words all{"nft"};
            all.insert(all.end(), words.begin(), words.end());
            run_program(all);
        });
    };
    nft({"add table inet peer; add chain inet peer cut { type filter hook forward priority 0; }"});
    for (std::size_t i = 0; i < repeats; ++i) {
        const FireTimes times =
            time_fire(cores, scene.traffic, [&] { nft({"add rule inet peer cut drop"}); });
        acknowledged.peers["nft"].add(times.acknowledged);
        loss.peers["nft"].add(times.first_loss);
        nft({"flush chain inet peer cut"});
        scene.traffic.await_both_ways();
    }
}

}  // namespace

std::vector<Figure> measure_fire(const Cores& cores, std::size_t repeats) {
    pin_to(cores.product);
    Scene scene(lease);
    Fault cut = scene.prepare_cut();
    FloorCut floor(scene.fabric.router());
    Figure acknowledged{"fire_to_acknowledged", Unit::microseconds, {}, {}};
    Figure loss{"fire_to_loss", Unit::microseconds, {}, {}};
    Figure passage{"heal_to_passage", Unit::microseconds, {}, {}};
    const auto measure = [&](auto fire, auto heal, auto side) {
        const FireTimes times = time_fire(cores, scene.traffic, fire);
        side(acknowledged).add(times.acknowledged);
        side(loss).add(times.first_loss);
        side(passage).add(time_heal(cores, scene.traffic, heal));
        scene.traffic.await_both_ways();
    };
    const auto measure_floor = [&](FloorCut::Elements elements, auto side) {
        measure([&] { floor.fire(elements); }, [&] { floor.heal(elements); }, side);
    };
    for (std::size_t i = 0; i < repeats; ++i) {
        measure([&] { must(cut.fire()); }, [&] { must(cut.heal()); },
                [](Figure& figure) -> Samples& { return figure.product; });
        measure_floor(FloorCut::Elements::one, [](Figure& figure) -> Samples& { return figure.floor; });
        measure_floor(FloorCut::Elements::two,
                      [](Figure& figure) -> Samples& { return figure.peers["two elements"]; });
    }
    if (is_installed("nft")) measure_nft(cores, scene, repeats / 4 + 1, acknowledged, loss);
    return {acknowledged, loss, passage};
}

}  // namespace netcut::bench
