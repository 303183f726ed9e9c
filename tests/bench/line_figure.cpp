// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/io.h"
#include "base/time.h"
#include "bench/figures.h"
#include "bench/line_timing.h"
#include "bench/watchers.h"

namespace netcut::bench {
namespace {

Figure measure(const std::string& name, const Cores& cores, std::size_t repeats) {
    Scene scene(cut_duration);
    ProductWatcher product(cores.product, scene);
    FloorWatcher floor(cores.product, scene);
    Figure figure{name, Unit::microseconds, {}, {}};
    for (std::size_t i = 0; i < repeats; ++i) {
        figure.product.add(time_line(cores, scene.traffic, product));
        figure.floor.add(time_line(cores, scene.traffic, floor));
    }
    return figure;
}

// Nodes that log all the time, each so many bytes a second, on an ordinary thread.
class Chatter {
  public:
    Chatter(std::vector<Fd> logs, std::size_t bytes_per_second)
        : logs_(std::move(logs)), thread_([this, bytes_per_second] { run(bytes_per_second); }) {}
    ~Chatter() {
        enough_ = true;
        thread_.join();
    }
    void be_silent(bool silent) { silent_ = silent; }

  private:
    // Some lines to one after the other, so that they do not all speak at once.
    void run(std::size_t bytes_per_second) {
        const std::string line = "[12:00:00] INFO     collaborator is at step 1234 with loss 0.567\n";
        std::string piece;
        while (piece.size() < most_at_once) piece += line;
        const Nanoseconds pause = std::chrono::nanoseconds(std::chrono::seconds(1)) *
                                  static_cast<std::int64_t>(piece.size()) /
                                  static_cast<std::int64_t>(bytes_per_second * logs_.size());
        auto next = Clock::now();
        for (std::size_t i = 0; !enough_; ++i) {
            std::this_thread::sleep_until(next = std::max(next + pause, Clock::now() - pause));
            if (!silent_) must(write_all(logs_[i % logs_.size()].get(), piece, "write lines"));
        }
    }

    static constexpr std::size_t most_at_once = 8192;
    std::vector<Fd> logs_;
    std::atomic<bool> enough_ = false, silent_ = false;
    std::thread thread_;
};

}  // namespace

std::vector<Figure> measure_line_beside(const Cores& cores, std::size_t bytes_per_second,
                                        std::size_t repeats) {
    constexpr std::size_t others = 100;
    const double kilobytes = static_cast<double>(bytes_per_second) / 1000;
    Figure figure{fmt::format("line_to_loss_beside_{}kB", kilobytes), Unit::microseconds, {}, {}};
    figure.series = "line to loss, us, by kB/s that each of 100 other nodes logs";
    figure.size = kilobytes;
    Scene scene(cut_duration);
    ProductWatcher product(cores.product, scene);
    FloorWatcher floor(cores.product, scene);
    Chatter chatter(product.watch_others(others), bytes_per_second);
    for (std::size_t i = 0; i < repeats; ++i) {
        chatter.be_silent(false);
        figure.product.add(time_line(cores, scene.traffic, product));
        chatter.be_silent(true);
        figure.floor.add(time_line(cores, scene.traffic, floor));
    }
    return {figure};
}

std::vector<Figure> measure_line(const Cores& cores, std::size_t repeats) {
    Figure asleep = measure("line_to_loss_asleep", cores, repeats);
    const KeepAwake awake(cores.product);
    return {std::move(asleep), measure("line_to_loss_awake", cores, repeats)};
}

}  // namespace netcut::bench
