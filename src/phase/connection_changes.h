// SPDX-License-Identifier: Apache-2.0
//
// What the connections of one node do, from one look at them to the next. Pure. Threads: one at a time.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "base/time.h"
#include "kernel/address.h"
#include "kernel/socket_facts.h"
#include "phase/connection_change.h"

namespace netcut {

class ConnectionChanges {
  public:
    // Of what is told: so many at once, and one more after each such time.
    struct Bounds {
        std::size_t at_once = 500;
        Nanoseconds one_more = std::chrono::seconds(10);
    };
    static Bounds bounds_of(std::size_t nodes);
    using Told = std::pair<Nanoseconds, ConnectionNews>;  // and when it was seen, since the run began

    explicit ConnectionChanges(Bounds bounds) : bounds_(bounds), room_(bounds.at_once) {}

    // `all`: as sock_diag lists them now; those of loopback are left out. None: the node has ended.
    void see(Nanoseconds when, const std::vector<TcpConnection>& all);
    // No more is seen: of what had no room the last is told.
    void finish();
    std::vector<Told> take() { return std::exchange(told_, {}); }

  private:
    struct Seen {
        TcpConnection connection;
        bool is_there = false;
        bool unanswered = false;  // something was sent again, or asked, and no answer seen
    };
    void compare(Nanoseconds when, Seen& before, const TcpConnection& now);
    void tell(Nanoseconds when, ConnectionChange change, const TcpConnection& connection);

    Bounds bounds_;
    std::size_t room_;
    Nanoseconds refilled_{0};
    std::map<std::tuple<IpAddress, std::uint16_t, IpAddress, std::uint16_t>, Seen> seen_;
    std::vector<Told> told_;
    std::optional<Told> untold_;  // the last, with how many before it
};

}  // namespace netcut
