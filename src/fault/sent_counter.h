// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "fabric/fabric.h"
#include "kernel/netns.h"

namespace netcut {

// Counts what a node hands to its link, in the node's own namespace: when the router's end is down the link
// has no carrier and loses all of it, and Linux counts that by itself only since 6.11.
class SentCounter {
  public:
    // `table`: the name of an nftables table in the node's namespace that is this counter's alone.
    static Result<SentCounter> lay(const NodeLink& node, std::string table);
    // It counts from begin to end. Beginning twice, or ending what has not begun, changes nothing.
    Result<void> begin();
    Result<void> end();
    // Packets, of all times from begin to end together.
    Result<std::uint64_t> count() const;

  private:
    SentCounter(const NetNs& node, std::string table) : node_(&node), table_(std::move(table)) {}
    Result<std::uint64_t> read() const;

    const NetNs* node_;
    std::string table_;
    std::optional<std::uint64_t> begun_at_;
    std::uint64_t earlier_ = 0;
};

}  // namespace netcut
