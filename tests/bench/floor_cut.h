// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/raw_netlink.h"
#include "netcut/kernel.h"

namespace netcut::bench {

// The least that cuts off all that passes a router: a table with one set and one rule, and one message,
// prebuilt; one send, one read of the answer.
class FloorCut {
  public:
    explicit FloorCut(const NetNs& router);
    void fire() { socket_->commit(fire_); }
    void heal() { socket_->commit(heal_); }

  private:
    std::optional<RawNetlink> socket_;
    RawBatch fire_, heal_;
};

}  // namespace netcut::bench
