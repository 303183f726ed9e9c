// SPDX-License-Identifier: Apache-2.0
//
// Whether a run that made no progress could ever have gone on.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "base/words.h"

namespace netcut {

enum class Proof {
    certain,  // nothing in it could ever move again
    known,    // it came to a state that the scenario says is a hang, and stayed in it
    waited    // that is not known: no progress for so long
};
inline constexpr std::array<EnumWord<Proof>, 3> proof_words = {{
    {Proof::certain, "certain"},
    {Proof::known, "known"},
    {Proof::waited, "waited"},
}};
constexpr const auto& words_of(Proof) {
    return proof_words;
}

// What stands in the way of a proof.
enum class HindranceKind {
    runs,             // a thread runs, or has run between two looks
    stopped,          // a process is stopped by a signal
    uninterruptible,  // a thread waits for a device or a file system
    wait_ends,        // a thread's wait ends by itself
    wait_unknown,     // it cannot be told what a thread waits for, or until when
    outside,          // a thread waits for something that somebody outside of the node may do
    own_timer,        // a process has a timer
    alarm,            // a process handles SIGALRM, and may have set an alarm
    unread,           // something could not be read
    left_out,         // there was too much of it
    retransmission,   // TCP sends again, and gives up some time
    keepalive,        // TCP will ask whether the other end is there
    zero_window,      // TCP asks whether the other end has room again
    closing,          // a connection is being opened or closed
    queued,           // something is on its way, or has come and is waited for
    fault,            // a fault is on that heals, or another one is to come
    uplink,           // a node has a way out of the run
    proxy,            // a site's proxy may do something, and is not looked at
    attended,         // somebody asks for things while it runs, and may do so again
};
inline constexpr std::array<EnumWord<HindranceKind>, 19> hindrance_words = {{
    {HindranceKind::runs, "runs"},
    {HindranceKind::stopped, "stopped"},
    {HindranceKind::uninterruptible, "uninterruptible"},
    {HindranceKind::wait_ends, "wait-ends"},
    {HindranceKind::wait_unknown, "wait-unknown"},
    {HindranceKind::outside, "outside"},
    {HindranceKind::own_timer, "own-timer"},
    {HindranceKind::alarm, "alarm"},
    {HindranceKind::unread, "unread"},
    {HindranceKind::left_out, "left-out"},
    {HindranceKind::retransmission, "retransmission"},
    {HindranceKind::keepalive, "keepalive"},
    {HindranceKind::zero_window, "zero-window"},
    {HindranceKind::closing, "closing"},
    {HindranceKind::queued, "queued"},
    {HindranceKind::fault, "fault"},
    {HindranceKind::uplink, "uplink"},
    {HindranceKind::proxy, "proxy"},
    {HindranceKind::attended, "attended"},
}};
constexpr const auto& words_of(HindranceKind) {
    return hindrance_words;
}

struct Hindrance {
    HindranceKind kind = HindranceKind::runs;
    std::string node{};               // empty: of no node
    std::string what{};               // which thread, connection or fault
    std::optional<Nanoseconds> in{};  // when something happens by itself, at the latest
    bool operator==(const Hindrance&) const = default;
};

}  // namespace netcut
