// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <future>

#include "base/io.h"
#include "base/time.h"
#include "bench/figures.h"
#include "bench/watchers.h"

namespace netcut::bench {
namespace {

// Short against the error that matters, and long enough that a second fits into what Traffic can number.
constexpr Pace gentle{std::chrono::microseconds(20), std::chrono::seconds(8)};

// All cores are busy at ordinary priority, as with nodes that train.
class FullLoad {
  public:
    FullLoad() {
        for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i)
            threads_.emplace_back([this] {
                while (!enough_) continue;
            });
    }
    ~FullLoad() {
        enough_ = true;
        for (std::thread& thread : threads_) thread.join();
    }
    FullLoad(const FullLoad&) = delete;
    FullLoad& operator=(const FullLoad&) = delete;

  private:
    std::atomic<bool> enough_ = false;
    std::vector<std::thread> threads_;
};

Nanoseconds error_of(Traffic& traffic, Nanoseconds asked) {
    return std::chrono::abs(traffic.silence() - asked);
}

Nanoseconds product_error(const Cores& cores, Scene& scene, ProductWatcher& watcher, Nanoseconds length) {
    const std::string line = std::string(matching_text) + "\n";
    std::async(std::launch::async, [&] {
        hold(cores.sender);
        scene.traffic.send_until(
            watcher.healed(), [&] { must(write_all(watcher.log(), line, "write the line")); }, gentle);
    }).get();
    watcher.await_heal();
    return error_of(scene.traffic, length);
}

Nanoseconds floor_error(const Cores& cores, Scene& scene, FloorCut& floor, Nanoseconds length) {
    std::atomic<bool> flows = false, healed = false;
    auto sender = std::async(std::launch::async, [&] {
        hold(cores.sender);
        scene.traffic.send_until(
            healed, [&] { flows = true; }, gentle);
    });
    std::async(std::launch::async, [&] {
        pin_to(cores.product);
        while (!flows) std::this_thread::yield();
        floor.fire();
        std::this_thread::sleep_for(length);
        floor.heal();
    }).get();
    healed = true;
    sender.get();
    return error_of(scene.traffic, length);
}

}  // namespace

std::vector<Figure> measure_length(const Cores& cores, Nanoseconds length, std::size_t repeats) {
    Scene scene(length);
    ProductWatcher product(cores.product, scene, length);
    FloorCut floor(scene.fabric.router());
    Figure figure{fmt::format("length_error_of_{}", duration_text(length)), Unit::microseconds, {}, {}};
    const FullLoad load;
    for (std::size_t i = 0; i < repeats; ++i) {
        figure.product.add(product_error(cores, scene, product, length));
        figure.floor.add(floor_error(cores, scene, floor, length));
    }
    return {figure};
}

}  // namespace netcut::bench
