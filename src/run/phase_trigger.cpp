// SPDX-License-Identifier: Apache-2.0
#include "run/phase_trigger.h"

#include <fmt/format.h>

#include <charconv>

#include "fault/data_counters.h"
#include "link/counter.h"
#include "scenario/words.h"

namespace netcut {
namespace {

Phase phase_of(PhaseMoment::Kind kind) {
    switch (kind) {
        case PhaseMoment::Kind::computing:
            return Phase::computing;
        case PhaseMoment::Kind::sending:
            return Phase::sending;
        case PhaseMoment::Kind::receiving:
            return Phase::receiving;
        case PhaseMoment::Kind::idle:
            return Phase::idle;
        case PhaseMoment::Kind::waiting:
        case PhaseMoment::Kind::reply_lost:
            break;
    }
    return Phase::waiting;
}

double in_milliseconds(Nanoseconds value) {
    return std::chrono::duration<double, std::milli>(value).count();
}

}  // namespace

event::PhaseSeen phase_seen(const std::string& node, Phase phase, Nanoseconds since, Nanoseconds now,
                            std::uint64_t sent, std::uint64_t received) {
    if (phase == Phase::unknown) return {.node = node};
    return {node, phase, since, in_milliseconds(now - since), sent, received};
}

PhaseTrigger::PhaseTrigger(Timers& timers, Journal& journal, FaultNetwork& network, FaultRunner& runner,
                           std::size_t node)
    : journal_(journal),
      network_(network),
      runner_(runner),
      node_(node),
      timers_(timers),
      timer_(timers.make()),
      round_reached_(moment().round == 0),
      armed_by_seen_(moment().armed_by.empty()),
      exchanged_(!moment().after_exchange) {}

void PhaseTrigger::begin() {
    begun_ = true;
    look();
}

void PhaseTrigger::end() {
    begun_ = false;
    timer_->cancel();
}

void PhaseTrigger::on_progress(const std::string& round) {
    unsigned number = 0;
    std::from_chars(round.data(), round.data() + round.size(), number);
    if (round_reached_ || number < moment().round) return;
    round_reached_ = true;
    look();
}

void PhaseTrigger::on_armed_by() {
    if (std::exchange(armed_by_seen_, true)) return;
    look();
}

void PhaseTrigger::on_state(const PhaseWatch::State& state) {
    const bool sets_out = state_.now.at_rest && !state.now.at_rest;
    state_ = state;
    if (sets_out) moving_since_ = journal_.now();
    exchanged_ = exchanged_ || (state.data.up.packets > 0 && state.data.down.packets > 0);
    look();
}

void PhaseTrigger::look() {
    if (!is_looked_for()) return;
    if (!moment().on_the_wire()) return look_at_phase();
    moment().kind == PhaseMoment::Kind::reply_lost ? look_for_reply() : look_for_rest();
}

// --- phases that the watch tells ---

void PhaseTrigger::look_at_phase() {
    const PhaseNow& now = state_.now;
    if (now.phase != phase_of(moment().kind) || fired_in_ == now.since) return;
    const Nanoseconds time = journal_.now();
    const Nanoseconds due = now.since + moment().time.value_or(Nanoseconds(0));
    if (time < due) {
        timer_->at(timers_.now() + (due - time), [this] { look(); });
        return;
    }
    fired_in_ = now.since;
    const std::string& node = runner_.spec().trigger.node;
    runner_.trigger(node,
                    fmt::format("{} for {:.1f} ms", word_of(now.phase), in_milliseconds(time - now.since)),
                    phase_seen(node, now.phase, now.since, time, now.sent, now.received));
}

// --- so many bytes into sending or receiving ---

Result<std::uint64_t> PhaseTrigger::passed_bytes() {
    NETCUT_ASSIGN(const DataCounters data, network_.read_data(node_));
    return moment().kind == PhaseMoment::Kind::sending ? data.up.bytes : data.down.bytes;
}

// The count begins at rest, so that what came before does not belong to the phase. The first time it may also
// begin in another phase: a round's marker and its download are often one breath.
void PhaseTrigger::look_for_rest() {
    if (!runner_.is_ready()) {
        counts_ = false;
        return;
    }
    const CounterValue& now = moment().kind == PhaseMoment::Kind::sending ? state_.data.up : state_.data.down;
    if (!counts_) {
        const bool may_begin = !counted_before_ && state_.now.phase != phase_of(moment().kind);
        if (state_.now.at_rest || may_begin) begin_count();
        return;
    }
    if (!state_.now.at_rest || now.bytes <= count_from_) return;
    if (!runner_.is_armed() && now.bytes - count_from_ >= moment().bytes.value_or(1)) ++passed_;
    begin_count();
}

void PhaseTrigger::begin_count() {
    if (passed_ + 1 >= runner_.spec().trigger.nth) runner_.arm();
    const auto bytes = passed_bytes();
    if (!bytes) return runner_.fail(bytes.error());
    count_from_ = *bytes;
    counts_ = counted_before_ = true;
    moving_since_.reset();
}

// --- an upload that is whole, and its reply ---

void PhaseTrigger::look_for_reply() {
    if (!runner_.is_ready()) return;
    if (state_.now.uploaded >= *moment().bytes) {
        if (state_.now.uploaded != std::exchange(upload_, state_.now.uploaded)) await_reply();
        return;
    }
    // Without a message from the other side the upload goes on, and the kernel has given up waiting by
    // itself.
    if (upload_ == 0 || state_.data.messages_down.packets == messages_down_) return;
    ++passed_;
    upload_ = 0;
    if (!runner_.is_armed()) return;
    runner_.disarm();
    journal_.add(event::TriggerMissed{.phase = phase_moment_name(moment().kind),
                                      .why = "the reply had passed before it could be waited for"},
                 {.node = runner_.spec().trigger.node, .fault = runner_.spec().name});
}

void PhaseTrigger::await_reply() {
    messages_down_ = state_.data.messages_down.packets;
    upload_ended_ = journal_.now();
    if (passed_ + 1 >= runner_.spec().trigger.nth) runner_.arm();
}

event::PhaseSeen PhaseTrigger::tripped() {
    const std::string& node = runner_.spec().trigger.node;
    const Nanoseconds now = journal_.now();
    if (moment().kind == PhaseMoment::Kind::reply_lost)
        return phase_seen(node, Phase::waiting, upload_ended_, now, std::exchange(upload_, 0), 0);
    // What passed since the count began: the packets after the moment were lost, and are not counted.
    const std::uint64_t bytes = passed_bytes().value_or(count_from_) - count_from_;
    const bool up = moment().kind == PhaseMoment::Kind::sending;
    return phase_seen(node, phase_of(moment().kind), moving_since_.value_or(now), now, up ? bytes : 0,
                      up ? 0 : bytes);
}

}  // namespace netcut
