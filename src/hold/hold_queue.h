// SPDX-License-Identifier: Apache-2.0
//
// When each packet that we hold passes. Pure: no clock, no system call; all times are of one clock of the caller's, and do not go
// back. Threads: one at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "hold/hold_spec.h"

namespace netcut {

// A packet, as this queue knows it.
struct HeldPacket {
    std::uint32_t handle = 0;  // the caller's
    std::uint32_t bytes = 0;   // layer 3
    std::uint64_t sender = 0;  // whose packets share a pace
    std::uint64_t receiver = 0;
};

// Packets of one direction of a node's link, and those of them that its trace has lost.
struct HeldCount {
    std::uint64_t packets = 0, lost = 0;
};

class HoldQueue {
  public:
    struct Exit {
        std::function<void(std::uint32_t handle, std::uint32_t bit)> flip;  // while it is held
        // It is the caller's again. `copies`: how many more of it are to be sent.
        std::function<void(std::uint32_t handle, unsigned copies)> pass;
        // It is lost, and the caller's again.
        std::function<void(std::uint32_t handle)> lose;
    };
    using Steps = std::vector<std::size_t>;  // numbers of streams

    // A stream is one direction of one fault.
    HoldQueue(std::vector<HoldSpec> streams, Exit exit);

    // A packet goes through streams in this order; `steps` outlives it. What nothing holds passes during the call.
    void take(const HeldPacket& packet, const Steps& steps, Nanoseconds came);
    // Lets all pass whose time has come, the earliest first; of one time, what came first.
    void pass_due(Nanoseconds now);
    std::optional<Nanoseconds> next() const;  // when the next one is due
    std::size_t waiting() const { return waiting_; }

    // The stream's fault is on, or the time of its links begins. Need not be called for a fault's first time, nor if it is on
    // for more than `late` before.
    void begin(std::size_t stream, Nanoseconds now);
    // It is off: the next packet has the number 1. What a stall or a pace holds passes, in its order; packets that still come
    // pass a stall, for as long as it may take until the last of them has come.
    void end(std::size_t stream, Nanoseconds now);
    static constexpr Nanoseconds late = std::chrono::milliseconds(20);

    // Since the start, of a node's link. Threads: any.
    HeldCount count(std::size_t stream, std::uint64_t node) const;

  private:
    struct Entry {
        HeldPacket packet;
        const Steps* steps = nullptr;
        std::size_t step = 0;
        unsigned copies = 0;
        Nanoseconds due{0};
        std::uint64_t order = 0;
    };
    struct Link {
        std::atomic<std::uint64_t> packets = 0, lost = 0;
        Nanoseconds last_due{0};
    };
    struct Stream {
        HoldSpec spec;
        std::map<std::uint64_t, Link> links;  // those of the spec
        std::optional<Nanoseconds> links_since;
        std::uint64_t packets = 0;
        std::deque<Entry> stalled;
        Nanoseconds open_until{0};
        std::optional<Nanoseconds> paced_since;
        std::map<std::uint64_t, Nanoseconds> free_at;  // by sender
    };
    void advance(Entry entry, Nanoseconds now);
    // What a stream does with it now; unless it passes on, it is not the caller's any more.
    enum class Fate { on, waits, lost };
    Fate meet(Stream& stream, Entry& entry, Nanoseconds now);
    Fate meet_link(Stream& stream, Entry& entry, Nanoseconds now);
    void wait(Entry entry, Nanoseconds due);
    static bool later(const Entry& a, const Entry& b) {
        return a.due != b.due ? a.due > b.due : a.order > b.order;
    }
    std::vector<Entry> take_out(std::size_t stream);

    std::deque<Stream> streams_;  // which stay where they are
    Exit exit_;
    std::vector<Entry> heap_;  // the earliest is its front
    std::uint64_t next_order_ = 0;
    std::size_t waiting_ = 0;
};

}  // namespace netcut
