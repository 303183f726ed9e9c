// SPDX-License-Identifier: Apache-2.0
//
// From a node's write() of the line that matches to the first packet that is lost.
#pragma once

#include <future>

#include "base/io.h"
#include "base/time.h"
#include "bench/namespaces.h"
#include "bench/require.h"
#include "bench/traffic.h"

namespace netcut::bench {

inline constexpr std::string_view matching_text = "round 3 of 5";

// Watcher: what cuts the node off when the line comes. None when the sender had to stand still while the cut
// lasted.
template <typename Watcher>
std::optional<Nanoseconds> try_line(const Cores& cores, Traffic& traffic, Watcher& watcher) {
    // The product looks for data every 5 ms after a heal, until it has seen some; a real run is long past
    // that.
    constexpr auto settled = std::chrono::milliseconds(12);
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
Nanoseconds time_line(const Cores& cores, Traffic& traffic, Watcher& watcher) {
    constexpr int tries = 5;
    for (int i = 0; i < tries; ++i)
        if (const auto latency = try_line(cores, traffic, watcher)) return *latency;
    throw std::runtime_error("cuts lost nothing");
}

}  // namespace netcut::bench
