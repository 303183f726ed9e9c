// SPDX-License-Identifier: Apache-2.0
//
// What packets suffer in a queue of the router. Pure data; kernel/queue.h makes qdiscs of it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/time.h"

namespace netcut {

// The kernel keeps the jitter as an int of nanoseconds, and silently takes less of what is more
// (net/sched/sch_netem.c, tabledist).
inline constexpr Nanoseconds max_jitter{std::numeric_limits<std::int32_t>::max()};

// What packets suffer in a queue, as in tc-netem(8) and tc-htb(8). Everything zero: nothing.
// They are delayed first and wait for the rate then.
struct QueueSpec {
    Nanoseconds delay{0}, jitter{0};  // jitter reorders packets that are closer to each other than it is
    double delay_correlation = 0;     // shares are from 0 to 1
    std::string distribution;         // of the jitter: "" or "uniform", "normal", "pareto", "paretonormal"
    double reorder = 0, reorder_correlation = 0;  // share that is sent at once; without a delay: of no effect
    unsigned gap = 0;  // at most every gap-th packet is; without a share: every gap-th is
    double duplicate = 0, duplicate_correlation = 0;
    double corrupt = 0, corrupt_correlation = 0;  // one bit, anywhere in the frame; checksums do not hide it
    // Packets that may wait in netem; what comes more is lost. A second of 1 Gbit/s is 82,000.
    unsigned limit = 200'000;
    std::optional<std::uint64_t> bits_per_second{};  // of frames, with their Ethernet header
    std::optional<std::uint32_t> burst_bytes{};      // that may pass at once
    std::optional<Nanoseconds> queue_time{};         // how long a packet may wait for the rate
    std::optional<std::uint64_t> queue_bytes{};      // or so many bytes may, which goes first

    bool needs_netem() const;
    std::uint64_t room() const;  // bytes that may wait for the rate, which there is
    bool operator==(const QueueSpec&) const = default;
};

// The share that netem's documentation implies for a gap on its own.
double reorder_share(const QueueSpec& spec);

// One queue that does what two in a row do:
// - delays add up; jitters do as independent spreads do, to the root of the sum of their squares;
// - shares of duplicated, corrupted and reordered packets combine as 1 - (1-p)(1-q);
// - a correlation, a distribution or a gap is that of the larger jitter or share, since a packet can suffer
//   one only (of equal ones, a's);
// - the lower rate wins, with its burst and its queue; the larger limit does.
QueueSpec combined(const QueueSpec& a, const QueueSpec& b);

}  // namespace netcut
