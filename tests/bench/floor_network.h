// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/io.h"
#include "bench/raw_netlink.h"

namespace netcut::bench {

// The least that gives the network of a routed Fabric: the same messages, in a bare loop, nothing read back.
class FloorNetwork {
  public:
    explicit FloorNetwork(std::size_t nodes);

    int router() const { return router_->fd.get(); }
    int node(std::size_t index) const { return nodes_[index].fd.get(); }

  private:
    struct Namespace {
        Namespace();  // enters it; the calling thread stays there
        Fd fd;
        RawNetlink socket;
    };
    void create_namespaces(std::size_t nodes);
    void set_up_router();
    void set_up_links();
    void set_up_nodes();

    std::optional<Namespace> router_;
    std::vector<Namespace> nodes_;
};

}  // namespace netcut::bench
