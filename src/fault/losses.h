// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace netcut {

// How many packets one fault acted upon on one node, and where.
struct Losses {
    std::uint64_t up = 0;          // in the router, from the node
    std::uint64_t down = 0;        // in the router, to the node
    std::uint64_t unsendable = 0;  // the node's own stack had no route or no link for them
    struct Offered {
        std::uint64_t up = 0, down = 0;
    };
    std::optional<Offered> offered{};  // of a list: the packets that had a number, lost or not
    struct Rebound {
        std::uint64_t up = 0, down = 0;
        std::uint64_t total() const { return up + down; }
    };
    // Of a rebinding: the packets that had another port, none of which is lost.
    std::optional<Rebound> rebound{};
    std::uint64_t total() const { return up + down + unsendable; }
    std::uint64_t met() const { return total() + (rebound ? rebound->total() : 0); }
};

}  // namespace netcut
