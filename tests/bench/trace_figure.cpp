// SPDX-License-Identifier: Apache-2.0
//
// How exactly a trace is played, by what a receiver sees: by us, and by Mahimahi's mm-link where it is installed.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/random.h"
#include "bench/arrivals.h"
#include "bench/figures.h"
#include "bench/mahimahi.h"
#include "bench/require.h"
#include "bench/scene.h"
#include "fabric/fabric.h"
#include "link/trace_text.h"
#include "run/link_player.h"

namespace netcut::bench {
namespace {

constexpr std::size_t steps = 50;
constexpr std::uint64_t queue = 256 << 10;  // bytes; always full, so that no opportunity is lost

LinkTrace some_trace() {
    Random random(7);
    std::vector<TraceStep> all;
    for (std::size_t i = 0; i < steps; ++i)
        all.push_back({.at = i * LinkPlayer::step, .bits_per_second = random.next(10, 40) * 1e6});
    return {std::move(all), steps * LinkPlayer::step};
}

using Counts = std::vector<double>;  // packets in each step

Counts wanted(const LinkTrace& trace) {
    TraceCursor cursor({std::make_shared<LinkTrace>(trace)});
    Counts packets;
    for (std::size_t i = 1; i <= steps; ++i)
        packets.push_back(cursor.advance(i * LinkPlayer::step) / 8 / (mahimahi_packet + ethernet_header));
    return packets;
}

Counts counted(const std::vector<Arrivals::Arrival>& arrivals, Nanoseconds begin) {
    Counts packets(steps);
    for (const auto& one : arrivals)
        if (one.came >= begin && one.came < begin + steps * LinkPlayer::step)
            ++packets[static_cast<std::size_t>((one.came - begin) / LinkPlayer::step)];
    return packets;
}

Counts errors(const Counts& seen, const Counts& right) {
    Counts all;
    for (std::size_t i = 0; i < steps; ++i) all.push_back(std::abs(seen[i] - right[i]) / right[i]);
    return all;
}

double median(Counts values) {
    std::nth_element(values.begin(), values.begin() + steps / 2, values.end());
    return values[steps / 2];
}

// Of a trace that began at an unknown time: the beginning that fits best, to a millisecond.
Counts least_errors(const std::vector<Arrivals::Arrival>& arrivals, const Counts& right) {
    Counts best(steps, 1);
    if (arrivals.empty()) return best;
    const Nanoseconds last = arrivals.back().came - steps * LinkPlayer::step + LinkPlayer::step;
    for (Nanoseconds begin = arrivals.front().came - LinkPlayer::step; begin < last;
         begin += std::chrono::milliseconds(1))
        if (Counts all = errors(counted(arrivals, begin), right); median(all) < median(best))
            best = std::move(all);
    return best;
}

std::vector<Arrivals::Arrival> play(const LinkTrace& trace) {
    FabricOptions options;
    options.single_segments = true;
    options.access = {{"collaborator1", queue, queue}};
    Fabric fabric = must(Fabric::build(options, {"aggregator", "collaborator1"}));
    Arrivals arrivals(fabric.node(0).ns.fd());
    boost::asio::io_context io;
    LinkPlayer player(io, *fabric.access(), {{victim, true, {std::make_shared<LinkTrace>(trace)}}},
                      options.mtu, std::chrono::seconds(1),
                      {[](const LinkPlayer::Window&) {}, [](const Error&) {}});
    must(player.prepare());
    must(player.start());
    Sender(fabric.node(victim).ns.fd()).flood(trace.length() + std::chrono::seconds(1));
    player.stop();
    return arrivals.read(std::chrono::milliseconds(200));
}

std::vector<Arrivals::Arrival> play_by_mm_link(const LinkTrace& trace) {
    const auto folder = std::filesystem::temp_directory_path() / "netcut-test-bench-trace";
    std::filesystem::create_directories(folder);
    const auto file = folder / "trace";
    std::ofstream(file) << mahimahi_text(trace);
    auto all = through_mahimahi(
        {"mm-link", "--uplink-queue=droptail", "--uplink-queue-args=bytes=262144", file, file, "--"}, {},
        trace.length());
    std::filesystem::remove_all(folder);
    return all;
}

}  // namespace

std::vector<Figure> measure_trace() {
    Figure error{"error_of_trace", Unit::percent, {}, {}};
    const LinkTrace trace = must(parse_trace(mahimahi_text(some_trace()), "trace"));
    const Counts right = wanted(trace);
    for (const double one : least_errors(play(trace), right)) error.product.add(one);
    if (has_mahimahi("mm-link"))
        for (const double one : least_errors(play_by_mm_link(trace), right)) error.peers["mm-link"].add(one);
    return {error};
}

}  // namespace netcut::bench
