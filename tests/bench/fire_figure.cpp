// SPDX-License-Identifier: Apache-2.0
#include <future>
#include <thread>

#include "bench/figures.h"
#include "bench/floor_cut.h"
#include "bench/scene.h"

namespace netcut::bench {
namespace {

// No cut lives as long; it is healed before.
constexpr auto lease = std::chrono::seconds(20);

struct Times {
    Nanoseconds acknowledged, first_loss;
};

template <typename Fire>
Times time_one(const Cores& cores, Traffic& traffic, Fire fire) {
    std::atomic<bool> flows = false, cut = false;
    auto sender = std::async(std::launch::async, [&] {
        hold(cores.sender);
        traffic.send_until(cut, [&] { flows = true; });
    });
    while (!flows) std::this_thread::yield();  // never asleep: the call is measured, not a wake-up
    const auto begin = Clock::now();
    fire();
    const auto end = Clock::now();
    cut = true;
    sender.get();
    return {end - begin, traffic.first_loss() - begin};
}

}  // namespace

std::vector<Figure> measure_fire(const Cores& cores, std::size_t repeats) {
    pin_to(cores.product);
    Scene scene(lease);
    Fault cut = scene.prepare_cut();
    FloorCut floor(scene.fabric.router().fd(), Scene::fault_number);
    Figure acknowledged{"fire_to_acknowledged", Unit::microseconds, {}, {}};
    Figure loss{"fire_to_loss", Unit::microseconds, {}, {}};
    const auto measure = [&](auto fire, auto heal, Samples Figure::*side) {
        const Times times = time_one(cores, scene.traffic, fire);
        (acknowledged.*side).add(times.acknowledged);
        (loss.*side).add(times.first_loss);
        heal();
        scene.traffic.await_both_ways();
    };
    for (std::size_t i = 0; i < repeats; ++i) {
        measure([&] { must(cut.fire()); }, [&] { must(cut.heal()); }, &Figure::product);
        measure([&] { floor.fire(); }, [&] { floor.heal(); }, &Figure::floor);
    }
    return {acknowledged, loss};
}

}  // namespace netcut::bench
