// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "bench/raw_netlink.h"
#include "kernel/netns.h"

namespace netcut::bench {

// The least that cuts off all that passes a router: a table with one set and one rule, and one message,
// prebuilt; one send, one read of the answer.
class FloorCut {
  public:
    // Two: as many as the product adds, which tells in a second one that some fault is on.
    enum class Elements { one, two };

    explicit FloorCut(const NetNs& router);
    void fire(Elements elements = Elements::one) { socket_->commit(fire_[elements]); }
    void heal(Elements elements = Elements::one) { socket_->commit(heal_[elements]); }

  private:
    std::optional<RawNetlink> socket_;
    std::map<Elements, RawBatch> fire_, heal_;
};

}  // namespace netcut::bench
