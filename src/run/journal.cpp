// SPDX-License-Identifier: Apache-2.0
#include "netcut/run.h"

namespace netcut {

Json Event::to_json() const {
    Json json;
    json["t_ns"] = t.count();
    json["wall"] = wall;
    json["event"] = name;
    if (!node.empty()) json["node"] = node;
    if (!fault.empty()) json["fault"] = fault;
    if (!details.empty()) json["details"] = details;
    return json;
}

Journal::Journal(Fd file, std::function<void(const Event&)> listener)
    : file_(std::move(file)), listener_(std::move(listener)) {}

void Journal::add(std::string name, std::string node, std::string fault, Json details) {
    add_at(now(), std::move(name), std::move(node), std::move(fault), std::move(details));
}

void Journal::add_at(Nanoseconds t, std::string name, std::string node, std::string fault, Json details) {
    const auto wall = std::chrono::system_clock::now() -
                      std::chrono::duration_cast<std::chrono::system_clock::duration>(now() - t);
    const Event event{
        t, wall_time_text(wall), std::move(name), std::move(node), std::move(fault), std::move(details)};
    // Log lines may hold bytes that are no UTF-8; the journal shows them as U+FFFD, the log file has them.
    const std::string line = event.to_json().dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (!failure_) {
        if (auto written = write_all(file_.get(), line, "write the journal"); !written)
            failure_ = std::move(written).error();
    }
    if (listener_) listener_(event);
}

}  // namespace netcut
