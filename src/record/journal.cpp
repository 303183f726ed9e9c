// SPDX-License-Identifier: Apache-2.0
#include "record/journal.h"

#include <tuple>

namespace netcut {

namespace {

// The two clocks at one moment: of some tries the one that was not interrupted.
std::pair<Clock::time_point, Nanoseconds> read_both_clocks(const Journal::ClockFunction& clock) {
    std::pair<Clock::time_point, Nanoseconds> best;
    Nanoseconds shortest = Nanoseconds::max();
    for (int i = 0; i < 5; ++i) {
        const auto before = clock();
        const auto realtime = std::chrono::system_clock::now().time_since_epoch();
        const Nanoseconds took = clock() - before;
        if (took >= shortest) continue;
        shortest = took;
        best = {before + took / 2, realtime};
    }
    return best;
}

}  // namespace

Journal::Journal(Fd file, std::function<void(const Event&)> listener, ClockFunction clock)
    : file_(std::move(file)), listener_(std::move(listener)), clock_(std::move(clock)) {
    std::tie(begin_, realtime_begin_) = read_both_clocks(clock_);
}

void Journal::add(event::Any what, event::About about) {
    add_at(now(), std::move(what), std::move(about));
}

void Journal::add_at(Nanoseconds t, event::Any what, event::About about) {
    const std::chrono::system_clock::time_point wall(realtime_begin_ + t);
    const Event event{
        t, std::move(what), std::move(about.node), std::move(about.fault), wall_time_text(wall), ++lines_};
    if (!failure_) {
        if (auto written = write_all(file_.get(), event.to_line(), "write the journal"); !written)
            failure_ = std::move(written).error();
    }
    if (listener_) listener_(event);
}

}  // namespace netcut
