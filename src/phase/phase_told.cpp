// SPDX-License-Identifier: Apache-2.0
//
// What is told of the pieces that the classifier has found: those that belong together are one, and none is
// told before it is known whether it goes on.
#include <algorithm>

#include "base/time.h"
#include "phase/phase.h"
#include "phase/phase_classifier.h"

namespace netcut {
namespace {

// The machine is crowded if it is so for one part in so many of a time.
constexpr int crowd_share = 4;
constexpr int settled_in_a_crowd = 4;

}  // namespace

void PhaseClassifier::tell(Phase phase, const Mark& from, const Mark& to, bool apart) {
    if (from.time >= to.time) return;
    if (!pieces_.empty() && pieces_.front().phase == phase && is_short_exchange_until(from)) {
        pieces_.resize(1, pieces_.front());
        pieces_.front().to = to;
        return;
    }
    if (!pieces_.empty() && pieces_.back().phase == phase && pieces_.back().to.time == from.time) {
        pieces_.back().to = to;
        pieces_.back().apart = pieces_.back().apart || apart;
        return;
    }
    pieces_.push_back({phase, from, to, apart});
}

// Whether what came after the first piece is one, or may be, in which what the first was goes on.
bool PhaseClassifier::is_short_exchange_until(const Mark& to) const {
    const Piece& first = pieces_.front();
    const bool apart =
        std::any_of(pieces_.begin() + 1, pieces_.end(), [](const Piece& one) { return one.apart; });
    return (first.phase == Phase::idle || first.phase == Phase::computing) && !apart && small(first.to, to);
}

// Whether what the first piece was may still turn out to go on.
bool PhaseClassifier::may_go_on() const {
    const Piece& first = pieces_.front();
    const bool too_soon_to_know = before_->time - first.to.time <= 3 * settle_;
    if (pieces_.size() == 1 && too_soon_to_know) return true;
    return is_short_exchange_until(pieces_.back().to) && (too_soon_to_know || now().phase == first.phase);
}

// Then it may as well be a wait for a CPU.
bool PhaseClassifier::is_too_short_for_a_crowd(const Piece& piece) const {
    const Nanoseconds time = piece.to.time - piece.from.time;
    return time < settled_in_a_crowd * settle_ && piece.to.crowded - piece.from.crowded >= time / crowd_share;
}

void PhaseClassifier::release(bool all) {
    while (!pieces_.empty() && (all || !may_go_on())) {
        const Piece& first = pieces_.front();
        const Phase phase = is_too_short_for_a_crowd(first) ? Phase::unknown : first.phase;
        ended_.push_back({phase, first.from.time, first.to.time, first.to.up - first.from.up,
                          first.to.down - first.from.down});
        pieces_.pop_front();
    }
}

std::vector<PhaseInterval> PhaseClassifier::take() {
    return std::exchange(ended_, {});
}

PhaseNow PhaseClassifier::now() const {
    PhaseNow now;
    if (!before_) return now;
    now.uploaded = sockets_.connections > 0 ? uploaded_ : 0;
    const auto is_since = [&](Phase phase, Mark from) {
        if (!pieces_.empty() && pieces_.front().phase == phase && small(pieces_.front().to, from))
            from = pieces_.front().from;
        now.phase = phase;
        now.since = from.time;
        now.sent = before_->data.up.bytes - from.up;
        now.received = before_->data.down.bytes - from.down;
    };
    if (!at_rest_) {
        const bool goes_on = active_ && active_->kind != Kind::mixed && pause_.empty();
        const bool sure = goes_on && active_->first_to.time < active_->to.time && is_sure(*active_);
        if (sure) is_since(active_->kind == Kind::up ? Phase::sending : Phase::receiving, active_->first_to);
        const bool acknowledged = !pause_.empty() && pause_.back().kind == Kind::rest;
        if (!acknowledged) now.uploaded = 0;  // it may not be all
        return now;
    }
    now.at_rest = last_ != Last::asked;
    const bool paused = busy_ && calm_to_.time - busy_->to.time >= settle_;
    const Load what = busy_ && !paused ? load() : Load::none;
    if (paused) return is_since(calm_phase(), busy_->to), now;
    if (what == Load::computing) is_since(Phase::computing, busy_->first_to);
    if (what == Load::none) is_since(calm_phase(), calm_from_);
    return now;
}

}  // namespace netcut
