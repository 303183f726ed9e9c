// SPDX-License-Identifier: Apache-2.0
#include <tuple>

#include "netcut/run.h"

namespace netcut {

Json Event::to_json() const {
    Json json;
    json["n"] = number;
    json["t_ns"] = t.count();
    json["wall"] = wall;
    json["event"] = name;
    if (!node.empty()) json["node"] = node;
    if (!fault.empty()) json["fault"] = fault;
    if (!details.empty()) json["details"] = details;
    return json;
}

namespace {

// The two clocks at one moment: of some tries the one that was not interrupted.
std::pair<Clock::time_point, Nanoseconds> read_both_clocks() {
    std::pair<Clock::time_point, Nanoseconds> best;
    Nanoseconds shortest = Nanoseconds::max();
    for (int i = 0; i < 5; ++i) {
        const auto before = Clock::now();
        const auto realtime = std::chrono::system_clock::now().time_since_epoch();
        const Nanoseconds took = Clock::now() - before;
        if (took >= shortest) continue;
        shortest = took;
        best = {before + took / 2, realtime};
    }
    return best;
}

}  // namespace

Journal::Journal(Fd file, std::function<void(const Event&)> listener)
    : file_(std::move(file)), listener_(std::move(listener)) {
    std::tie(begin_, realtime_begin_) = read_both_clocks();
}

void Journal::add(std::string name, std::string node, std::string fault, Json details) {
    add_at(now(), std::move(name), std::move(node), std::move(fault), std::move(details));
}

void Journal::add_at(Nanoseconds t, std::string name, std::string node, std::string fault, Json details) {
    const std::chrono::system_clock::time_point wall(realtime_begin_ + t);
    const Event event{
        t,       wall_time_text(wall), std::move(name), std::move(node), std::move(fault), std::move(details),
        ++lines_};
    // Log lines may hold bytes that are no UTF-8; the journal shows them as U+FFFD, the log file has them.
    const std::string line = event.to_json().dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (!failure_) {
        if (auto written = write_all(file_.get(), line, "write the journal"); !written)
            failure_ = std::move(written).error();
    }
    if (listener_) listener_(event);
}

}  // namespace netcut
