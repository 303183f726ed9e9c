// SPDX-License-Identifier: Apache-2.0
//
// Samples become spans, from one sample to the next, and spans become stretches of one kind. What a stretch
// was is decided by what comes after it; where it began and ended is known to one span, which stays unknown.
#include "phase/phase_classifier.h"

#include <algorithm>

#include "fault/plan.h"

namespace netcut {
namespace {

// How many times more must go one way than the other for a span to be of that way.
constexpr std::uint64_t dominance = 8;
// At layer 3. So much after something came down may be what a protocol says to that, and no question.
constexpr std::uint64_t largest_acknowledgement = 256;
// More than what protocols say by themselves.
constexpr std::uint64_t unread_messages = 1024;
// Shares of one CPU. A span in which less is used is calm; a busy time in which less than the second is used
// is calm, too, one with more than the third is computing, and in between it cannot be told.
constexpr double busy_span = 0.10, idle_share = 0.02, computing_share = 0.05;
// So much CPU time between two pauses is housekeeping.
constexpr Nanoseconds housekeeping = std::chrono::milliseconds(1);
// Who did not run for so long had nothing to do, however busy the machine is.
constexpr Nanoseconds longest_starvation = std::chrono::seconds(1);

double share(Nanoseconds cpu, Nanoseconds time) {
    return time.count() == 0 ? 0 : static_cast<double>(cpu.count()) / static_cast<double>(time.count());
}

}  // namespace

void PhaseClassifier::add(const PhaseSample& sample) {
    const std::optional<PhaseSample> before = before_;
    if (!before) {
        before_ = sample;
        if (sample.sockets) sockets_ = *sample.sockets;
        return;
    }
    const Span span = span_to(sample);
    before_ = sample;
    if (!sample.complete) {  // its time counts, the rest is as before
        before_->data = before->data;
        before_->cpu = before->cpu;
        before_->crowded = before->crowded;
    } else if (sample.sockets) {
        take_sockets(*sample.sockets);
    }
    switch (span.kind) {
        case Kind::gap:
            take_gap(span);
            break;
        case Kind::rest:
        case Kind::pending:
            take_rest(span);
            break;
        default:
            take_activity(span);
    }
    release(false);
}

PhaseClassifier::Span PhaseClassifier::span_to(const PhaseSample& sample) const {
    Span span;
    span.from = {before_->time, before_->data.up.bytes, before_->data.down.bytes, before_->crowded};
    span.to = {sample.time, sample.data.up.bytes, sample.data.down.bytes, sample.crowded};
    if (!sample.complete) span.to = {sample.time, span.from.up, span.from.down, span.from.crowded};
    span.cpu = sample.cpu - before_->cpu;
    span.ready = sample.ready - before_->ready;
    span.up = sample.data.messages_up.bytes - before_->data.messages_up.bytes;
    span.down = sample.data.messages_down.bytes - before_->data.messages_down.bytes;
    span.requests = sample.data.messages_up.packets - before_->data.messages_up.packets;
    if (sample.complete && before_->complete && span.length() <= settle_)
        span.kind = kind_of(span, sample.sockets.value_or(sockets_));
    return span;
}

PhaseClassifier::Kind PhaseClassifier::kind_of(const Span& span, const SocketBacklog& after) const {
    const bool little = span.down == 0 && span.up <= largest_acknowledgement && is_answer_due();
    if ((span.up == 0 && span.down == 0) || little) {
        const Kind first = kind_of_backlog(sockets_), last = kind_of_backlog(after);
        return first == Kind::up ? first : last == Kind::up ? last : std::max(first, last);
    }
    if (span.up >= dominance * span.down) return Kind::up;
    return span.down >= dominance * span.up ? Kind::down : Kind::mixed;
}

// Then a little that goes up is no message that changes it.
bool PhaseClassifier::is_answer_due() const {
    if (at_rest_) return last_ == Last::asked;
    return active_ && active_->kind == Kind::up && active_->last_down == 0 && !pause_.empty();
}

void PhaseClassifier::take_sockets(const SocketBacklog& sockets) {
    if (sockets.opened != sockets_.opened) {
        kept_ = false;
        down_since_opening_ = 0;
    }
    sockets_ = sockets;
}

PhaseClassifier::Kind PhaseClassifier::kind_of_backlog(const SocketBacklog& sockets) {
    if (sockets.unsent + sockets.unacknowledged <= largest_control)
        return sockets.unread > unread_messages ? Kind::down : Kind::rest;
    const bool waits = sockets.unsent > 0 || sockets.resending || sockets.unacknowledged > small_exchange;
    return waits ? Kind::up : Kind::pending;
}

bool PhaseClassifier::small(const Mark& from, const Mark& to) const {
    return to.time - from.time <= settle_ && to.up - from.up + to.down - from.down <= small_exchange;
}

void PhaseClassifier::take_gap(const Span& span) {
    // If nothing has moved, who spoke last has not changed, however many gaps there are. Of a sample that
    // could not be taken the next one tells.
    const bool moved = before_->complete && span.up + span.down > 0;
    const Last last = at_rest_ ? last_ : last_message();
    if (at_rest_) leave_rest(span.from, span.ready);
    end_stretch(Kind::gap);
    tell(Phase::unknown, span.from, span.to, true);
    exchange_requests_ = exchange_down_ = 0;
    last_ = moved ? Last::unclear : last;
    if (moved) uploaded_ = 0;
}

// --- on the wire ---

void PhaseClassifier::take_activity(const Span& span) {
    if (at_rest_) {
        // A connection that is used again, not only at last: it is kept open.
        if (span.kind == Kind::up && last_ != Last::asked && down_since_opening_ > small_exchange)
            kept_ = true;
        leave_rest(span.from, span.ready);
    }
    exchange_requests_ += span.requests;
    exchange_down_ += span.down;
    down_since_opening_ += span.down;
    // A pause in an upload or a download is part of it.
    const bool goes_on =
        active_ && active_->kind == span.kind && (span.kind != Kind::mixed || pause_.empty());
    if (!goes_on) {
        end_stretch(span.kind);
        active_ = Stretch{span.kind, span.from, span.to, span.from, span.to, 0, 0, false};
    }
    pause_.clear();
    active_->last_from = span.from;
    active_->to = span.to;
    if (span.kind != Kind::down || span.down > 0) {  // else it is still to be read
        active_->last_up = span.up;
        active_->last_down = span.down;
    }
    active_->waits = active_->waits || (span.up == 0 && span.kind == Kind::up);
    const bool alone = span.kind == Kind::up && span.down == 0;
    uploaded_ = alone ? span.to.up - active_->from.up : 0;
}

// Tells what active_ and the pause after it were, now that `next` is there.
void PhaseClassifier::end_stretch(Kind next) {
    if (active_) {
        const Phase phase = !is_sure(*active_)          ? Phase::unknown
                            : active_->kind == Kind::up ? Phase::sending
                                                        : Phase::receiving;
        // It began in its first span and ended in its last one.
        tell(Phase::unknown, active_->from, active_->first_to);
        if (active_->first_to.time < active_->last_from.time)
            tell(phase, active_->first_to, active_->last_from);
        if (active_->first_to.time < active_->to.time) tell(Phase::unknown, active_->last_from, active_->to);
    }
    const bool asked = active_ && active_->kind == Kind::up && active_->last_down == 0;
    const std::vector<Span> quiet = quiet_end_of_pause();
    if (!pause_.empty()) tell(Phase::unknown, pause_.front().from, pause_.back().to);
    if (!quiet.empty())
        tell(asked && next == Kind::down ? Phase::waiting : Phase::unknown, quiet.front().from,
             quiet.back().to);
    active_.reset();
    pause_.clear();
}

// What is as small as a poll may be anything.
bool PhaseClassifier::is_sure(const Stretch& stretch) {
    if (stretch.kind == Kind::mixed) return false;
    const std::uint64_t bytes =
        stretch.kind == Kind::up ? stretch.to.up - stretch.from.up : stretch.to.down - stretch.from.down;
    return stretch.waits || bytes > small_exchange;
}

// Takes from pause_ what came after the last acknowledgement.
std::vector<PhaseClassifier::Span> PhaseClassifier::quiet_end_of_pause() {
    const auto pending = std::find_if(pause_.rbegin(), pause_.rend(),
                                      [](const Span& span) { return span.kind == Kind::pending; });
    std::vector<Span> quiet(pending.base(), pause_.end());
    pause_.erase(pending.base(), pause_.end());
    return quiet;
}

PhaseClassifier::Last PhaseClassifier::last_message() const {
    if (sockets_.connections == 0) return Last::answered;
    if (!active_) return last_;
    if (active_->kind == Kind::up && active_->last_down == 0) {
        const bool may_acknowledge =
            exchange_down_ > 0 && active_->to.up - active_->from.up <= largest_acknowledgement;
        return may_acknowledge ? Last::unclear : Last::asked;
    }
    const bool one_request = exchange_requests_ == 1 && exchange_down_ > 0;
    const bool down_last = active_->last_up == 0 && active_->last_down > 0;
    if (!one_request && !down_last) return Last::unclear;
    // On a connection that is open for one answer only, what has come down is not all of it: greetings of the
    // other side, or an answer that has got stuck.
    return kept_ ? Last::answered : Last::unclear;
}

// --- at rest ---

void PhaseClassifier::take_rest(const Span& span) {
    if (uploaded_ > 0)
        uploaded_ += span.up;  // a little that goes up, too: the kernel waits for what comes after it
    if (at_rest_ && span.kind == Kind::rest) return take_calm(span);
    if (at_rest_) leave_rest(span.from, span.ready);
    if (span.kind == Kind::pending || pause_.empty() || pause_.back().kind == Kind::pending)
        quiet_from_ = span.kind == Kind::pending ? span.to : span.from;
    pause_.push_back(span);
    if (span.to.time - quiet_from_.time >= settle_) settle_down();
}

void PhaseClassifier::settle_down() {
    last_ = last_message();
    const std::vector<Span> quiet = quiet_end_of_pause();
    end_stretch(Kind::rest);
    at_rest_ = true;
    rest_from_ = calm_from_ = calm_to_ = quiet.front().from;
    busy_.reset();
    calm_ready_ = Nanoseconds(0);
    for (const Span& span : quiet) take_calm(span);
}

void PhaseClassifier::take_calm(const Span& span) {
    calm_to_ = span.to;
    if (sockets_.connections == 0 && last_ != Last::answered) return notice_closing(span.to);
    calm_ready_ += span.ready;
    // Who has just got a CPU may have used next to nothing of it yet.
    const bool has_waited =
        span.ready >= settle_ / 2 || (busy_ && was_starved(busy_->to, span.to, calm_ready_));
    if (has_waited || share(span.cpu, span.length()) >= busy_span) return take_busy(span);
    if (busy_ && span.to.time - busy_->to.time >= std::max(settle_, longest_starvation)) judge_busy(span.to);
}

void PhaseClassifier::take_busy(const Span& span) {
    const Nanoseconds ready = std::exchange(calm_ready_, Nanoseconds(0));
    const bool starved = was_starved(busy_ ? busy_->to : calm_from_, span.from, ready);
    if (busy_ && span.from.time - busy_->to.time >= settle_ && !starved) judge_busy(span.from);
    if (!busy_) {
        const Mark from = starved ? calm_from_ : ready_from(span);
        busy_ = BusyRun{from, span.to, from, span.to, Nanoseconds(0)};
    }
    busy_->last_from = span.from;
    busy_->to = span.to;
    busy_->cpu += span.cpu + ready;
}

// Whether it had something to do all the time, and no CPU: that is told when it has got one.
bool PhaseClassifier::was_starved(const Mark& from, const Mark& to, Nanoseconds ready) {
    const Nanoseconds time = to.time - from.time;
    return time > Nanoseconds(0) && time < longest_starvation && ready >= time / 2;
}

// Since when something may have wanted to run; not earlier than its calm.
PhaseClassifier::Mark PhaseClassifier::ready_from(const Span& span) const {
    Mark from = span.from;
    if (span.ready < settle_ || span.ready >= longest_starvation) return from;
    from.time = std::max(calm_from_.time, from.time - span.ready);
    return from;
}

// Whoever closed it, no answer is due any more.
void PhaseClassifier::notice_closing(const Mark& at) {
    if (busy_) judge_busy(at);
    tell_calm(at);
    calm_ready_ = Nanoseconds(0);
    last_ = Last::answered;
    uploaded_ = 0;
}

PhaseClassifier::Load PhaseClassifier::load() const {
    const Nanoseconds time = busy_->to.time - busy_->from.time;
    const double used = share(busy_->cpu, time);
    if (busy_->cpu < housekeeping || used < idle_share) return Load::none;
    return time >= settle_ && used >= computing_share ? Load::computing : Load::unclear;
}

// It is over, or the rest is, at `end`.
void PhaseClassifier::judge_busy(const Mark& end) {
    const BusyRun busy = *busy_;
    const Load what = load();
    busy_.reset();
    if (what == Load::none) return;
    const bool up_to_the_end = busy.to.time == end.time;
    const bool apart = busy.from.time != rest_from_.time && !up_to_the_end;
    tell_calm(busy.from);
    calm_from_ = busy.to;
    if (what == Load::unclear) return tell(Phase::unknown, busy.from, busy.to, apart);
    const Mark certain = up_to_the_end ? busy.to : busy.last_from;
    if (certain.time < busy.first_to.time) return tell(Phase::unknown, busy.from, busy.to);  // one span
    tell(Phase::unknown, busy.from, busy.first_to);
    tell(Phase::computing, busy.first_to, certain);
    tell(Phase::unknown, certain, busy.to);
}

Phase PhaseClassifier::calm_phase() const {
    if (last_ == Last::unclear) return Phase::unknown;
    return last_ == Last::asked ? Phase::waiting : Phase::idle;
}

// A calm time that is shorter than the settling time may belong to what is around it.
void PhaseClassifier::tell_calm(const Mark& to) {
    tell(to.time - calm_from_.time < settle_ ? Phase::unknown : calm_phase(), calm_from_, to);
    calm_from_ = to;
}

// Within `ready` after it, something could have run all the time.
void PhaseClassifier::leave_rest(const Mark& at, Nanoseconds ready) {
    if (busy_) judge_busy(at);
    if (calm_phase() == Phase::idle && was_starved(calm_from_, at, ready))
        tell(Phase::unknown, std::exchange(calm_from_, at), at);
    tell_calm(at);
    at_rest_ = false;
    active_.reset();
    exchange_requests_ = exchange_down_ = 0;
}

void PhaseClassifier::finish() {
    if (at_rest_ && before_) leave_rest(calm_to_, Nanoseconds(0));
    end_stretch(Kind::gap);
    release(true);
    before_.reset();
    sockets_ = {};
    kept_ = true;
    last_ = Last::unclear;
    uploaded_ = 0;
}

}  // namespace netcut
