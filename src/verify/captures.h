// SPDX-License-Identifier: Apache-2.0
//
// The captures of a run, as far as they are compared with its journal.
#pragma once

#include <map>
#include <unordered_map>

#include "base/time.h"
#include "capture/capture_file.h"
#include "fault/packet.h"
#include "fault/plan.h"
#include "folder/folder.h"
#include "record/event.h"
#include "record/run_state.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "verify/verify.h"

namespace netcut {

// A packet that came in at a port of the router, or left it for a node if it came from beyond the nodes. One that crosses the
// border of a site is two: where it came in, and where it left, or was lost there.
struct SeenPacket {
    std::optional<std::size_t> from;  // the node whose port it is; none: an uplink, the name server, a site
    std::optional<std::size_t> to;    // the node that it is for; none: the router, all, or nobody known
    Nanoseconds time{0};              // since the run began
    PacketHeader header;
    std::uint64_t content = 0;  // of all its bytes but those that a router changes
    // Who has lost it: the fault's number in the scenario.
    std::optional<std::size_t> lost_by;
    bool lost_by_address = false;         // before any fault has counted it
    bool crosses = false;                 // it came in here, and is judged as its receiver's where it leaves
    std::optional<std::size_t> source{};  // of one that left: who has sent it, by its address
    // All that was captured of it, from the network header on, if it is one of the first of a TCP connection.
    std::vector<std::uint8_t> beginning;
    // Its other end is a proxy: the nodes that are beyond that; null: it is none.
    std::shared_ptr<const std::set<std::size_t>> beyond{};
    bool is_with(std::optional<std::size_t> other, std::size_t peer) const {
        return other == peer || (beyond && beyond->contains(peer));
    }
};

struct LostPacket {
    std::size_t node = 0;
    std::size_t fault = 0;
    LossMark mark;
    Nanoseconds time{0};
    std::uint64_t content = 0;
    std::string text;
    bool is_ip = false;
    bool from_outside = false;  // it came in by an uplink or from the name server, which no capture is of
};

struct Captures {
    std::vector<SeenPacket> seen;  // IP packets to one host alone, in the order of their times
    std::vector<LostPacket> lost;  // likewise
    std::uint64_t packets = 0;     // of any kind, both ways
    std::size_t files = 0;
};

// As the classification in the router's table sees it, see PacketFilter::Connections::data.
bool is_data(const PacketHeader& header);

// Reads pcap/ of the run, and compares each file with what the journal has of it. Each lost packet is looked
// for among those that came in; one that did not is told in `check`.
Captures read_captures(const RunFolder& folder, const std::vector<Event>& events, const RunState& state,
                       const Scenario& scenario, Check& check);

// --- checks, one a file ---

// How exactly times can be compared. A packet has the time at which it came in; it may meet the rules a
// little later, and the kernel ends a lease to a tick or two.
inline constexpr auto edge = std::chrono::milliseconds(20);
// The kernel's answer to the message that fires comes after its effect.
inline constexpr auto fired_edge = std::chrono::milliseconds(1);

// "cut", or "cut 2" of one that is fired more than once.
std::string firing_name(const Firing& firing, const FaultSpec& spec);

// Whether a fault that is on loses the packet: yes, no, or nothing if it depends on what was before.
std::optional<bool> loses(const FaultPlan& plan, const SeenPacket& packet);

// The faults of these firings are in the scenario.
void check_losses(const Captures& captures, const RunState& state, const Scenario& scenario, Check& check);
void check_nothing_passed(const Captures& captures, const RunState& state, const Scenario& scenario,
                          Check& check);
// Against the journal's times of recovery: when new data in sequence went each way, per connection.
void check_recoveries(const Captures& captures, const std::vector<Event>& events, const RunState& state,
                      const Scenario& scenario, Check& check);
void check_moments(const Captures& captures, const RunState& state, const Scenario& scenario, Check& check);

}  // namespace netcut
