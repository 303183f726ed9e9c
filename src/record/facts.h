// SPDX-License-Identifier: Apache-2.0
//
// What is known of a run when it is judged.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fault/losses.h"
#include "kernel/sockdiag.h"
#include "node/exit_status.h"
#include "node/node.h"
#include "record/counting.h"
#include "record/event.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"

namespace netcut {

// A TCP connection that one end holds to be alive and the other has no trace of.
struct HalfOpen {
    std::string node;  // where it is alive
    std::string peer;  // "nobody": its address is no node's any more
    TcpSocket socket;
    bool address_gone = false;  // the node's own
};

std::string connection_name(const std::string& node, const TcpSocket& socket);
// Packets have gone both ways on it, one each at least.
bool is_open(const TcpSocket& socket);

// What the verdict, the last screen and the page say of a node's connections: the sum over all that were seen, each as
// it was seen last.
struct ConnectionFigure {
    const char* key;   // in verdict.json
    const char* name;  // "segments sent again"
    std::uint64_t (*of)(const TcpSocket& socket);
};
inline constexpr std::array connection_figures = {
    ConnectionFigure{"resent_segments", "segments sent again",
                     [](const TcpSocket& socket) { return std::uint64_t{socket.total_retransmits}; }},
    ConnectionFigure{"resent_bytes", "bytes sent again",
                     [](const TcpSocket& socket) { return socket.bytes_retransmitted; }},
};
using ConnectionFigures = std::array<std::uint64_t, connection_figures.size()>;

struct NodeOutcome {
    std::string name;
    bool started = false;
    std::optional<ExitStatus> exit;
    bool stopped_by_us = false;    // it was still running when the run ended
    bool after_fault = false;      // it ended after the first fault was fired
    bool killed_by_fault = false;  // so its end is no crash
    Nanoseconds ended{0};          // since the run began
    unsigned starts = 0;           // more than one: a fault has started it again
    int left_behind = 0;           // processes that it did not end, which were killed with it
    std::optional<LineBurst> late_lines{};
    ConnectionFigures figures{};
};

// Null if there is none of that name.
const FaultSpec* find_fault(const Scenario& scenario, const std::string& name);

// What an end of a connection has carried so far, each byte once.
struct Carried {
    std::uint64_t acked = 0, received = 0;
    bool operator==(const Carried&) const = default;
};
// By connection_name(), of a node's connections that were open at a moment.
using CarriedByConnection = std::map<std::string, Carried>;

// One firing of a fault, from fire to heal.
struct FaultOutcome {
    std::string fault;
    const FaultKind* kind = &fault_kinds().front();
    bool queued = false;                // its packets were made to wait, not lost
    std::uint32_t list_period = 0;      // of a list of losses: after so many packets it begins anew
    bool renumbered = false;            // nodes come back with another address, or a MAC that peers see
    std::size_t cycle = 0, cycles = 0;  // of a flap: which of how many, from 1
    Nanoseconds fired{0};               // since the run began
    std::optional<Nanoseconds> healed;  // none: it was active to the end
    std::string trigger_node;
    std::string trigger_line;                  // or, of a moment on the wire, the packet
    unsigned missed = 0;                       // moments before it that had passed when they were known
    std::map<std::string, Losses> losses;      // by node; of queues: what was queued
    std::map<std::string, Recovery> recovery;  // by node
    std::map<std::string, Pause> pauses;       // by node, as its first process saw them
    // Of one that has not healed: by node, of those that were looked at right after it had begun.
    std::map<std::string, CarriedByConnection> carried;
};

struct Unfired {
    std::string fault;
    bool delayed = false;  // the run ended within its delay
    bool armed = false;    // its moment on the wire did not come
    unsigned missed = 0;   // moments that had passed when they were known
};

// How long the federation took for each round, by what its progress lines say.
struct RoundTimes {
    std::string node;
    std::vector<std::pair<std::string, Nanoseconds>> rounds;
};

// What tells whether the model is right.
struct SafetyFacts {
    struct Delivery {
        std::string node;
        event::Delivered what;
    };
    Counting counting;
    std::optional<event::ModelSeen> model;
    std::vector<Delivery> deliveries;  // in the order of their begin
    bool deliveries_missed = false;
};

struct Facts {
    EndReason end = EndReason::all_exited;
    int signal = 0;                // of `interrupted`
    Error error;                   // of `failed`
    bool preparing = false;        // it ended before any node was started
    std::size_t faults_asked = 0;  // how many faults the scenario has
    std::vector<Unfired> unfired;  // those of them that never were
    Nanoseconds waited_for_progress{0};
    std::vector<NodeOutcome> nodes;
    std::set<std::string> relayed;  // those of them that reach others by a proxy alone
    std::vector<FaultOutcome> outcomes;
    RoundTimes rounds;
    std::vector<HalfOpen> half_open;  // at the end
    // Whose each address is now, and whose it was before it came back with another.
    std::map<std::string, std::string> addresses, former_addresses;
    std::map<std::string, std::string> link_addresses;  // by node, now
    std::map<std::string, NodeWaits> waits;             // by node, when nothing went on any more
    std::optional<event::RunProof> proof;               // of them together
    Nanoseconds looked_at{0};                           // when they were looked at, since the run began
    SafetyFacts safety;
    std::map<std::string, event::TcpOptionsSummed>
        tcp_options;  // by node, of those that `tcp:` sets options of
    event::ByName<event::TcpOptionsUnset> tcp_unset;
    event::ByName<event::NodeStack> stacks;
    std::map<std::size_t, std::string> log_values;  // by the number of an expected log line: what was found
};

}  // namespace netcut
