// SPDX-License-Identifier: Apache-2.0
//
// Samples go in, intervals come out. Pure: no system call, no clock. Threads: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/time.h"
#include "phase/phase.h"

namespace netcut {

// What goes up and down in a short exchange that does not interrupt what a node is doing: a poll, a
// heartbeat.
inline constexpr std::uint64_t small_exchange = 16 * 1024;

class PhaseClassifier {
  public:
    static constexpr Nanoseconds default_settle = std::chrono::milliseconds(50);

    // `settle`: a pause shorter than this belongs to what is around it. At least five times as long as the
    // time between two samples; a longer time between two makes it unknown what was between them. On a
    // crowded machine nodes wait for their CPU for a while, and a phase is to last four times as long to be
    // told.
    explicit PhaseClassifier(Nanoseconds settle = default_settle) : settle_(settle) {}

    void add(const PhaseSample& sample);
    // The node has ended. A sample after it is the beginning of another life.
    void finish();
    // Intervals that have ended, oldest first, without holes; each is told once, some settling times after
    // its end.
    std::vector<PhaseInterval> take();
    PhaseNow now() const;

  private:
    // A sample, as far as intervals begin and end there.
    struct Mark {
        Nanoseconds time{0};
        std::uint64_t up = 0, down = 0;  // bytes of data
        Nanoseconds crowded{0};
    };
    // `pending`: nothing moves, but the acknowledgement of the last message may be delayed (RFC
    // 1122, 4.2.3.2).
    enum class Kind { rest, pending, up, down, mixed, gap };
    // From one sample to the next.
    struct Span {
        Kind kind = Kind::gap;
        Mark from, to;
        std::uint64_t up = 0, down = 0;  // bytes of messages
        std::uint64_t requests = 0;      // messages up
        Nanoseconds cpu{0}, ready{0};
        Nanoseconds length() const { return to.time - from.time; }
    };
    // Spans of one kind, and what is between them.
    struct Stretch {
        Kind kind = Kind::gap;
        Mark from, first_to, last_from, to;
        std::uint64_t last_up = 0, last_down = 0;  // bytes of messages, of its last span
        bool waits = false;                        // bytes wait in the node's sockets
    };
    struct Piece {
        Phase phase;
        Mark from, to;
        bool apart = false;  // it is no part of a short exchange
    };
    // CPU time that is used now and then, at pauses shorter than the settling time.
    struct BusyRun {
        Mark from, first_to, last_from, to;
        Nanoseconds cpu{0};
    };
    enum class Last { answered, asked, unclear };  // of the messages

    Span span_to(const PhaseSample& sample) const;
    Kind kind_of(const Span& span, const SocketBacklog& after) const;
    static Kind kind_of_backlog(const SocketBacklog& sockets);
    bool is_answer_due() const;
    void take_sockets(const SocketBacklog& sockets);
    static bool is_sure(const Stretch& stretch);
    bool small(const Mark& from, const Mark& to) const;
    bool is_too_short_for_a_crowd(const Piece& piece) const;
    void take_gap(const Span& span);
    void take_activity(const Span& span);
    void take_rest(const Span& span);
    std::vector<Span> quiet_end_of_pause();
    void end_stretch(Kind next);
    void settle_down();
    Last last_message() const;
    void leave_rest(const Mark& at, Nanoseconds ready);
    void take_calm(const Span& span);
    void take_busy(const Span& span);
    static bool was_starved(const Mark& from, const Mark& to, Nanoseconds ready);
    Mark ready_from(const Span& span) const;
    void notice_closing(const Mark& at);
    void judge_busy(const Mark& end);
    void tell_calm(const Mark& to);
    Phase calm_phase() const;
    enum class Load { none, unclear, computing };
    Load load() const;
    void tell(Phase phase, const Mark& from, const Mark& to, bool apart = false);
    bool is_short_exchange_until(const Mark& to) const;
    bool may_go_on() const;
    void release(bool all);

    const Nanoseconds settle_;
    std::optional<PhaseSample> before_;
    SocketBacklog sockets_;

    // On the wire, since it was quiet for the settling time.
    std::optional<Stretch> active_;
    std::vector<Span> pause_;  // after active_, not yet quiet for the settling time
    std::uint64_t exchange_requests_ = 0, exchange_down_ = 0;  // messages up, bytes of messages down
    std::uint64_t down_since_opening_ = 0;  // bytes of messages, since a connection was opened last
    bool kept_ = true;                      // it was used again, after an answer
    Mark quiet_from_;                       // within pause_
    Last last_ = Last::unclear;
    std::uint64_t uploaded_ = 0;  // in active_, or in what was active_ before the rest

    // At rest: what has not been told yet.
    bool at_rest_ = false;
    Mark rest_from_, calm_from_, calm_to_;
    Nanoseconds calm_ready_{0};  // in which it had no CPU, since it last used one
    std::optional<BusyRun> busy_;

    std::deque<Piece> pieces_;  // what may yet become part of the first
    std::vector<PhaseInterval> ended_;
};

}  // namespace netcut
