// SPDX-License-Identifier: Apache-2.0
//
// What a node is doing, told from its packets, its TCP sockets and its CPU time, without knowing what the packets
// say; docs/phases.md defines the phases. Values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "base/words.h"
#include "fault/data_counters.h"

namespace netcut {

enum class Phase {
    computing,  // its processes use CPU time, and the wire is quiet
    waiting,    // its last message went up, all of it is acknowledged, and nothing has come back yet
    sending,    // messages go up, or wait in its sockets
    receiving,  // messages (see largest_control) come down, or have come and wait to be read
    idle,       // none of these
    unknown     // it could be more than one of them
};
inline constexpr std::array<EnumWord<Phase>, 6> phase_words = {{
    {Phase::computing, "computing"},
    {Phase::waiting, "waiting"},
    {Phase::sending, "sending"},
    {Phase::receiving, "receiving"},
    {Phase::idle, "idle"},
    {Phase::unknown, "unknown"},
}};
constexpr const auto& words_of(Phase) {
    return phase_words;
}

// All TCP connections of a node together.
struct SocketBacklog {
    std::uint64_t unsent = 0;          // bytes that the node's kernel has not sent yet
    std::uint64_t unacknowledged = 0;  // bytes that it has sent
    std::uint32_t in_flight = 0;       // segments of data
    bool resending = false;            // some segment was sent twice more, and is not acknowledged yet
    std::uint64_t unread = 0;          // bytes that have come and that the application has not read
    std::uint32_t connections = 0;     // that are open
    std::uint64_t opened = 0;          // connections that were ever seen open
};

struct PhaseSample {
    Nanoseconds time{0};   // monotonic, since the run began
    bool complete = true;  // false: it could not be taken, and only its time counts
    DataCounters data;
    std::optional<SocketBacklog> sockets;  // none: not looked at, because nothing had moved; as before
    Nanoseconds cpu{0};                    // of all processes, ever; never decreases
    Nanoseconds ready{0};                  // how long they could have run, and had no CPU; the same
    Nanoseconds crowded{0};  // how long more threads of this machine could run than it has CPUs; the same
};

struct PhaseInterval {
    Phase phase = Phase::unknown;
    Nanoseconds from{0}, to{0};
    std::uint64_t sent = 0, received = 0;  // bytes of data at layer 3, as the router saw them
};

// What is known now. An interval that is told later may know better.
struct PhaseNow {
    Phase phase = Phase::unknown;
    Nanoseconds since{0};
    std::uint64_t sent = 0, received = 0;  // since then
    // The wire has been quiet for the settling time, and no answer is known to be due.
    bool at_rest = false;
    // So many bytes went up, all are acknowledged, and no message has come back: its reply is due. Known
    // before the settling time is over.
    std::uint64_t uploaded = 0;
};

}  // namespace netcut
