// SPDX-License-Identifier: Apache-2.0
//
// What people use who have no rights over a network: a proxy of one TCP connection, which lets bytes wait in either direction.
#pragma once

#include <cstdint>
#include <thread>

#include "base/time.h"

namespace netcut::bench {

class DelayProxy {
  public:
    static constexpr std::uint16_t port = 5001;
    // In this namespace, for one connection, which it hands on to passage_port there.
    DelayProxy(int ns, Nanoseconds delay);
    ~DelayProxy() { thread_.join(); }
    DelayProxy(const DelayProxy&) = delete;
    DelayProxy& operator=(const DelayProxy&) = delete;

  private:
    std::thread thread_;
};

}  // namespace netcut::bench
