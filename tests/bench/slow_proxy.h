// SPDX-License-Identifier: Apache-2.0
//
// What people use who have no rights over a network: a proxy of one TCP connection, which lets bytes wait in either direction,
// or lets only so many pass in a second, as Toxiproxy's latency and bandwidth do.
#pragma once

#include <cstdint>
#include <thread>

#include "base/time.h"

namespace netcut::bench {

struct Slowness {
    Nanoseconds delay{0};
    double bytes_per_second = 0;  // 0: as many as come
};

class SlowProxy {
  public:
    static constexpr std::uint16_t port = 5001;
    // In this namespace, for one connection, which it hands on to passage_port there.
    SlowProxy(int ns, Slowness slowness);
    ~SlowProxy() { thread_.join(); }
    SlowProxy(const SlowProxy&) = delete;
    SlowProxy& operator=(const SlowProxy&) = delete;

  private:
    std::thread thread_;
};

}  // namespace netcut::bench
