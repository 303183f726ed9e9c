// SPDX-License-Identifier: Apache-2.0
#include "link/trace.h"

#include <algorithm>
#include <optional>

namespace netcut {
namespace {

constexpr double nanoseconds_per_second = 1e9;

}  // namespace

bool LinkTrace::has_delay() const {
    return std::any_of(steps_.begin(), steps_.end(),
                       [](const TraceStep& step) { return step.delay > Nanoseconds(0); });
}

bool LinkTrace::has_loss() const {
    return std::any_of(steps_.begin(), steps_.end(), [](const TraceStep& step) { return step.loss > 0; });
}

double LinkTrace::bits_between(Nanoseconds from, Nanoseconds to) const {
    double bits = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const Nanoseconds begin = std::max(from, steps_[i].at);
        const Nanoseconds end = std::min(to, i + 1 < steps_.size() ? steps_[i + 1].at : length_);
        if (end > begin) bits += steps_[i].bits_per_second * seconds(end - begin);
    }
    return bits;
}

double LinkTrace::mean() const {
    return is_constant() ? steps_.front().bits_per_second
                         : bits_between(Nanoseconds(0), length_) / seconds(length_);
}

double LinkTrace::peak() const {
    const auto fastest = std::max_element(
        steps_.begin(), steps_.end(),
        [](const TraceStep& a, const TraceStep& b) { return a.bits_per_second < b.bits_per_second; });
    return fastest->bits_per_second;
}

double LinkTrace::most_loss() const {
    double most = 0;
    for (const TraceStep& step : steps_) most = std::max(most, step.loss);
    return most;
}

std::size_t LinkTrace::step_at(Nanoseconds time) const {
    const auto next = std::upper_bound(steps_.begin(), steps_.end(), time,
                                       [](Nanoseconds at, const TraceStep& step) { return at < step.at; });
    return next == steps_.begin() ? 0 : static_cast<std::size_t>(next - steps_.begin()) - 1;
}

double LinkTrace::last_mean() const {
    if (is_constant()) return steps_.front().bits_per_second;
    const Nanoseconds from = std::max(Nanoseconds(0), length_ - std::chrono::seconds(1));
    return bits_between(from, length_) / seconds(length_ - from);
}

LinkTrace LinkTrace::scaled(double factor) const {
    LinkTrace other = *this;
    for (TraceStep& step : other.steps_) step.bits_per_second *= factor;
    return other;
}

namespace {

// Of the trace's own time; none: it has ended.
std::optional<Nanoseconds> time_in(const TracePlay& play, Nanoseconds time) {
    const LinkTrace& trace = *play.trace;
    if (trace.is_constant()) return Nanoseconds(0);
    const Nanoseconds played(static_cast<std::int64_t>(static_cast<double>(time.count()) * play.speed));
    if (play.loop) return played % trace.length();
    return played < trace.length() ? std::optional(played) : std::nullopt;
}

}  // namespace

const TraceStep& step_at(const TracePlay& play, Nanoseconds time) {
    const auto in_trace = time_in(play, time);
    return in_trace ? play.trace->steps()[play.trace->step_at(*in_trace)] : play.trace->steps().back();
}

TraceSpan span_of(const TracePlay& play, Nanoseconds from, Nanoseconds to) {
    const auto& steps = play.trace->steps();
    if (play.loop && !play.trace->is_constant()) {  // once is enough
        const double period = static_cast<double>(play.trace->length().count()) / play.speed;
        to = std::min(to, from + Nanoseconds(static_cast<std::int64_t>(period) + 1));
    }
    const TraceStep& first = step_at(play, from);
    TraceSpan span{first.delay, first.delay, first.delay, first.loss, first.loss};
    double delay = 0, weight = 0;
    for (Nanoseconds now = from; now < to;) {
        const auto in_trace = time_in(play, now);
        const std::size_t number = in_trace ? play.trace->step_at(*in_trace) : steps.size() - 1;
        Nanoseconds rest = to - now;
        if (in_trace && !play.trace->is_constant()) {
            const Nanoseconds end = number + 1 < steps.size() ? steps[number + 1].at : play.trace->length();
            const double left = static_cast<double>((end - *in_trace).count()) / play.speed;
            rest = std::min(rest, Nanoseconds(static_cast<std::int64_t>(left) + 1));
        }
        const TraceStep& step = steps[number];
        delay += static_cast<double>(step.delay.count()) * static_cast<double>(rest.count());
        weight += static_cast<double>(rest.count());
        span.least_delay = std::min(span.least_delay, step.delay);
        span.most_delay = std::max(span.most_delay, step.delay);
        span.least_loss = std::min(span.least_loss, step.loss);
        span.most_loss = std::max(span.most_loss, step.loss);
        now += rest;
    }
    if (weight > 0) span.delay = Nanoseconds(static_cast<std::int64_t>(delay / weight));
    return span;
}

TraceCursor::TraceCursor(TracePlay play) : play_(std::move(play)), after_end_(play_.trace->last_mean()) {}

// Bits of the step that it is in, up to `until` or the step's end.
double TraceCursor::rest_of_step(double until) {
    const auto& steps = play_.trace->steps();
    const bool is_last = step_ + 1 == steps.size();
    const double end = static_cast<double>((is_last ? play_.trace->length() : steps[step_ + 1].at).count());
    const double stop = std::min(end, now_ + (until - played_));
    const double bits = steps[step_].bits_per_second * (stop - now_) / nanoseconds_per_second;
    played_ += stop - now_;
    now_ = stop;
    if (now_ < end) return bits;
    if (!is_last) {
        ++step_;
    } else if (play_.loop) {
        step_ = 0;
        now_ = 0;
    } else {
        ended_ = true;
    }
    return bits;
}

double TraceCursor::advance(Nanoseconds time) {
    const double until = static_cast<double>(time.count()) * play_.speed;
    double bits = 0;  // of the trace's time
    // What is left over by rounding is not a step.
    while (until - played_ > 0.5) {
        if (play_.trace->is_constant() || ended_) {
            const double rate = ended_ ? after_end_ : play_.trace->steps().front().bits_per_second;
            bits += rate * (until - played_) / nanoseconds_per_second;
            played_ = until;
        } else {
            bits += rest_of_step(until);
        }
    }
    return bits / play_.speed;
}

}  // namespace netcut
