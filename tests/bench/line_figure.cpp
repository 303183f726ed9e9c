// SPDX-License-Identifier: Apache-2.0
#include <future>

#include "bench/figures.h"
#include "bench/watchers.h"

namespace netcut::bench {
namespace {

// The product looks for data every 5 ms after a heal, until it has seen some; a real run is long past that.
constexpr auto settled = std::chrono::milliseconds(12);

template <typename Watcher>
std::optional<Nanoseconds> try_one(const Cores& cores, Traffic& traffic, Watcher& watcher) {
    const std::string line = "[12:00:00] INFO " + std::string(matching_text) + ": training\n";
    Clock::time_point written;
    std::async(std::launch::async, [&] {
        hold(cores.sender);
        traffic.send_until(watcher.fired(), [&] {
            written = Clock::now();
            must(write_all(watcher.log(), line, "write the line"));
        });
    }).get();
    const auto loss = traffic.first_loss();
    watcher.await_heal();
    traffic.await_both_ways();
    std::this_thread::sleep_for(settled);
    if (!loss) return {};
    return *loss - written;
}

// The kernel lets no real-time thread run all the time (sched_rt_runtime_us): on a busy machine the sender
// may stand still while the short cut lasts, and has seen nothing.
template <typename Watcher>
Nanoseconds time_one(const Cores& cores, Traffic& traffic, Watcher& watcher) {
    constexpr int tries = 5;
    for (int i = 0; i < tries; ++i)
        if (const auto latency = try_one(cores, traffic, watcher)) return *latency;
    throw std::runtime_error("cuts lost nothing");
}

Figure measure(const std::string& name, const Cores& cores, std::size_t repeats) {
    Scene scene(cut_duration);
    ProductWatcher product(cores.product, scene);
    FloorWatcher floor(cores.product, scene);
    Figure figure{name, Unit::microseconds, {}, {}};
    for (std::size_t i = 0; i < repeats; ++i) {
        figure.product.add(time_one(cores, scene.traffic, product));
        figure.floor.add(time_one(cores, scene.traffic, floor));
    }
    return figure;
}

}  // namespace

std::vector<Figure> measure_line(const Cores& cores, std::size_t repeats) {
    Figure asleep = measure("line_to_loss_asleep", cores, repeats);
    const KeepAwake awake(cores.product);
    return {std::move(asleep), measure("line_to_loss_awake", cores, repeats)};
}

}  // namespace netcut::bench
