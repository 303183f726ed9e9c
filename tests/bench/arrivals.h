// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/io.h"
#include "base/time.h"

namespace netcut::bench {

// Datagrams that came to a namespace, each with the time at which the kernel received it (SO_TIMESTAMPNS).
class Arrivals {
  public:
    static constexpr std::uint16_t port = 6000;
    struct Arrival {
        Nanoseconds sent{0}, came{0};  // since the epoch; `sent` as its sender wrote it
    };

    explicit Arrivals(int ns);
    // Those that have come, once none does for so long.
    std::vector<Arrival> read(Nanoseconds silence);

  private:
    Fd socket_;
};

// Sends datagrams from a namespace to the aggregator, each with the time at which it was sent.
class Sender {
  public:
    explicit Sender(int ns);
    void send_paced(std::size_t count, Nanoseconds apart);
    // As fast as they go; each fills a packet of 1,500 bytes.
    void flood(Nanoseconds length);

  private:
    Fd socket_;
};

}  // namespace netcut::bench
