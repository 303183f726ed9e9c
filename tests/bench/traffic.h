// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "base/io.h"
#include "base/time.h"

namespace netcut::bench {

struct Pace {
    Nanoseconds pause{0};                            // after each datagram
    Nanoseconds patience = std::chrono::seconds(5);  // for all of it
};

// Numbered UDP datagrams between two nodes, the first two of a network, with the time of each: they show to a
// few microseconds when a cut began to lose packets.
class Traffic {
  public:
    Traffic(int collaborator_ns, int aggregator_ns);

    // Sends as fast as it can, or with pauses. Calls `begin` once the path is warm, and ends a little after
    // `cut` is true.
    void send_until(const std::atomic<bool>& cut, const std::function<void()>& begin, const Pace& pace = {});
    // When the first datagram that did not arrive was sent; none if the sender had to stand still while the
    // cut lasted.
    std::optional<Clock::time_point> first_loss();
    // When the first one that arrived was sent, of those that were sent after `begin` of send_until.
    Clock::time_point first_passage();
    // From the first datagram that did not arrive to the first one after it that did.
    Nanoseconds silence();
    // Fails unless a datagram passes in each direction, and soon.
    void await_both_ways();

  private:
    using Number = std::uint32_t;
    std::vector<bool> read_arrived();

    Fd collaborator_, aggregator_;
    Number base_ = 1;                      // of the first datagram
    std::vector<Clock::time_point> sent_;  // by number, from base_
};

}  // namespace netcut::bench
