// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "record/event.h"

namespace netcut {

// Append-only. Each event is one write of one line, so a crash loses at most the line being written.
class Journal {
  public:
    // `file`: where the lines go. `listener`: sees each event after it is written; may be empty.
    Journal(Fd file, std::function<void(const Event&)> listener);

    Clock::time_point begin() const { return begin_; }
    Nanoseconds now() const { return Clock::now() - begin_; }
    // CLOCK_REALTIME at the run's begin, since the epoch: what is added to a `t` to compare it with the times
    // that the kernel gives to packets.
    Nanoseconds realtime_begin() const { return realtime_begin_; }
    void add(event::Any what, event::About about = {});
    // As add, with the time of what happened a moment ago.
    void add_at(Nanoseconds t, event::Any what, event::About about = {});
    // The first failure to write; further events still reach the listener.
    const std::optional<Error>& failure() const { return failure_; }

  private:
    Fd file_;
    std::function<void(const Event&)> listener_;
    Clock::time_point begin_;
    Nanoseconds realtime_begin_;
    std::uint64_t lines_ = 0;
    std::optional<Error> failure_;
};

}  // namespace netcut
