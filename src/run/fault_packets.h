// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fault/reply_sender.h"
#include "fault/table.h"
#include "kernel/netns.h"
#include "kernel/packet_log.h"
#include "record/event.h"
#include "run/fault_numbers.h"
#include "run/run_context.h"
#include "run/summed_note.h"

namespace netcut {

// The packets that the faults' rules log: those that were moments on the wire, and on a bridge those that have to be
// answered. The journal has how many of them were missed or could not be answered.
class FaultPackets {
  public:
    struct Observer {
        std::function<bool()> is_under_way;  // packets are heeded
        // A packet of so many bytes was the moment that fault number `fault` waited for.
        std::function<void(std::size_t fault, const std::string& packet, unsigned bytes, Nanoseconds when)>
            tripped;
    };
    // `table` must outlive it.
    static Result<std::unique_ptr<FaultPackets>> open(const RunContext& run, const Fabric& fabric,
                                                      const FaultTable& table, FaultNumbers numbers,
                                                      Observer observer);
    // The journal has the sums.
    void finish();

  private:
    struct Watch {
        std::uint16_t group;
        PacketLog log;
        boost::asio::posix::stream_descriptor readable;  // a duplicate of the log's descriptor
    };
    FaultPackets(const RunContext& run, const FaultTable& table, FaultNumbers numbers, ReplySender replies,
                 Observer observer);
    Result<void> watch(const NetNs& router, std::uint16_t group);
    void await(Watch& watch);
    void take(std::uint16_t group, const LoggedPacket& packet);
    void answer(std::size_t number, const LoggedPacket& packet);
    Nanoseconds time_of(const LoggedPacket& packet) const;

    const RunContext& run_;
    const FaultTable& table_;
    const FaultNumbers numbers_;
    ReplySender replies_;
    Observer observer_;
    std::vector<std::unique_ptr<Watch>> watches_;
    SummedNote<event::PacketsUntold> untold_{&event::PacketsUntold::lost, {}};
    std::map<std::size_t, SummedNote<event::PacketsUnanswered>> unanswered_;  // by the number of the fault
};

}  // namespace netcut
