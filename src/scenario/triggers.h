// SPDX-License-Identifier: Apache-2.0
//
// When a fault begins, as data and in words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace netcut {

struct FaultSpec;

// A moment in a node's work, told from its phases (trigger/phase.h).
struct PhaseMoment {
    enum class Kind {
        computing,
        waiting,
        idle,
        sending,
        receiving,
        reply_lost  // an upload is whole and acknowledged, and its reply is the first packet that is lost
    };
    Kind kind = Kind::computing;
    // Into the phase, one of both. Bytes are of data at layer 3, and the packet that completes them is the
    // last to pass; of reply_lost, so large is an upload at least.
    std::optional<std::uint64_t> bytes;
    std::optional<Nanoseconds> time;
    unsigned round = 0;    // it is looked for once any node's progress has come to this round; 0: at once
    std::string armed_by;  // it is looked for after this log line; empty: at once
    std::string armed_by_node;    // whose; empty: the node whose phase it is
    bool after_exchange = false;  // it is looked for when the node has sent and received data

    // Whether the kernel decides it, on the packet.
    bool on_the_wire() const { return kind == Kind::reply_lost || (moves_data() && !time); }
    bool moves_data() const { return kind == Kind::sending || kind == Kind::receiving; }
    bool operator==(const PhaseMoment&) const = default;
};

// What fires a fault or, if it waits for a moment on the wire, arms it.
struct FaultTrigger {
    enum class Kind {
        none,     // nothing was said: at the start if there is a moment on the wire, else an error
        start,    // when the aggregator is started
        log,      // a log line
        file,     // a line of a file
        phase,    // a node's phase
        after,    // another fault has healed
        together  // another fault was fired
    };
    Kind kind = Kind::none;
    std::string pattern;   // of `log` and `file`, see Pattern
    std::string file;      // of `file`: what the node writes, as in `logs:` of its role
    std::string node;      // of `log`, `file` and `phase`: who is watched; empty: the first node of the fault
    PhaseMoment phase;     // of `phase`
    unsigned nth = 1;      // the first match, or phase, or healing, or firing, that counts
    std::string fault;     // of `after` and `together`
    Nanoseconds delay{0};  // between this and the fault
    bool operator==(const FaultTrigger&) const = default;
};

// What a fault waits for, for people: "on 'round 2' of aggregator, 2s later".
std::string begin_text(const FaultSpec& fault);
// What the run waits for meanwhile: "'round 2' in the log of aggregator"; empty if that is nothing to tell.
std::string awaited_text(const FaultTrigger& trigger);

}  // namespace netcut
