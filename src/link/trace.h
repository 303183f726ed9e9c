// SPDX-License-Identifier: Apache-2.0
//
// What a link carries over time: a trace that was measured, or one that a model and a seed make. Pure data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace netcut {

// From `at` until the next step, or until the trace ends.
struct TraceStep {
    Nanoseconds at{0};
    double bits_per_second = 0;  // of frames with their Ethernet header; 0: nothing passes
    Nanoseconds delay{0};        // that packets have besides
    double loss = 0;             // share of packets
    bool operator==(const TraceStep&) const = default;
};

// Steps in the order of their times, the first of them at 0; `length` is more than the time of the last one.
class LinkTrace {
  public:
    // Of one step that never ends.
    static LinkTrace constant(double bits_per_second) { return {{{.bits_per_second = bits_per_second}}, {}}; }
    LinkTrace(std::vector<TraceStep> steps, Nanoseconds length) : steps_(std::move(steps)), length_(length) {}

    const std::vector<TraceStep>& steps() const { return steps_; }
    Nanoseconds length() const { return length_; }
    bool is_constant() const { return steps_.size() == 1; }
    bool has_delay() const;
    bool has_loss() const;
    double mean() const;  // bits a second, of all of it
    double peak() const;
    double most_loss() const;
    // Of its last second, or of all of it if it is shorter.
    double last_mean() const;
    // The number of the step at this time of the trace's own, which is not after its end.
    std::size_t step_at(Nanoseconds time) const;
    // The same, with all rates times `factor`.
    LinkTrace scaled(double factor) const;

  private:
    double bits_between(Nanoseconds from, Nanoseconds to) const;

    std::vector<TraceStep> steps_;
    Nanoseconds length_;
};

struct TracePlay {
    std::shared_ptr<const LinkTrace> trace;
    bool loop = true;  // else the link stays as the trace's last second was
    double speed = 1;  // 2: it takes half of the time, with the same rates
};

// The step that counts so long after the beginning; of a trace that has ended the last one.
const TraceStep& step_at(const TracePlay& play, Nanoseconds time);

// What delay and loss are between two times.
struct TraceSpan {
    Nanoseconds delay{0};  // on average
    Nanoseconds least_delay{0}, most_delay{0};
    double least_loss = 0, most_loss = 0;
};
TraceSpan span_of(const TracePlay& play, Nanoseconds from, Nanoseconds to);

// How much a link could carry, one stretch of time after the other.
class TraceCursor {
  public:
    explicit TraceCursor(TracePlay play);
    // Bits from where it was until `time` after the beginning, which is not earlier. Time passes at 0.
    double advance(Nanoseconds time);

  private:
    double rest_of_step(double until);

    TracePlay play_;
    double after_end_ = 0;  // bits a second
    double now_ = 0;        // nanoseconds of the trace's time since it began last
    double played_ = 0;     // of the trace's time in all
    std::size_t step_ = 0;
    bool ended_ = false;
};

}  // namespace netcut
