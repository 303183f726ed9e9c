// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "base/timers.h"
#include "fabric/fabric.h"
#include "kernel/packet_tap.h"
#include "safety/deliveries.h"
#include "sockets/site_ends.h"

namespace netcut {

// Follows what every connection carries, from its packets as the router hands them on. Every packet costs the kernel
// something, so that it is for runs that ask for it. On the thread of the loop.
class DeliveryTap {
  public:
    struct Observer {
        DeliveryFollower::Tell delivered;
        std::function<void(std::uint64_t packets)> missed;  // what these would have shown is not known
        std::function<void(Error)> failed;
    };
    // `begin`: of the run, by CLOCK_REALTIME since the epoch.
    // `fabric` must outlive it.
    static Result<std::unique_ptr<DeliveryTap>> start(Timers& timers, const Fabric& fabric, Nanoseconds begin,
                                                      Observer observer);
    void own(const std::vector<std::string>& addresses, const std::string& node);
    // Tells of what is left.
    void finish();

  private:
    DeliveryTap(Timers& timers, PacketTap tap, Sites* sites, Nanoseconds begin, Observer observer);
    void read();
    void read_again_soon();

    PacketTap tap_;
    PacketRevealer revealer_;
    const Nanoseconds begin_;
    Observer observer_;
    DeliveryFollower follower_;
    Timers& timers_;
    std::unique_ptr<Timer> timer_;
};

}  // namespace netcut
