// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/raw_netlink.h"

namespace netcut::bench {

// The least that cuts a node off: the message of a Fault, prebuilt; one send, one read of the answer.
class FloorCut {
  public:
    FloorCut(int router_ns, std::uint32_t fault_number);
    void fire() { socket_->commit(fire_); }
    void heal() { socket_->commit(heal_); }

  private:
    std::optional<RawNetlink> socket_;
    RawBatch fire_, heal_;
};

}  // namespace netcut::bench
