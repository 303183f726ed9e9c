// SPDX-License-Identifier: Apache-2.0
#include "cli/daemon_access.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "daemon/held_run.h"

namespace netcut::cli {

Result<Json> DaemonAccess::inspect() {
    NETCUT_ASSIGN(Json run, client_.ask("GET", target_));
    if (auto verdict = client_.verdict_of(run)) run["verdict_json"] = std::move(*verdict);
    return run;
}

Result<void> DaemonAccess::logs(const std::string& node, Stream stream, bool follow, const Bytes& take) {
    return client_.stream("GET",
                          fmt::format("{}/nodes/{}/logs?stream={}&follow={}", target_, encoded(node),
                                      stream_name(stream), follow ? 1 : 0),
                          nullptr, take);
}

Result<void> DaemonAccess::events(std::size_t from, bool follow, const Bytes& take) {
    return client_.stream("GET", fmt::format("{}/events?from={}&follow={}", target_, from, follow ? 1 : 0),
                          nullptr, take);
}

Result<Json> DaemonAccess::add_fault(const Json& fault) {
    return client_.ask("POST", target_ + "/faults", fault);
}

Result<Json> DaemonAccess::fire(const std::string& fault) {
    return client_.ask("POST", target_ + "/faults/" + encoded(fault) + "/fire");
}

Result<Json> DaemonAccess::heal(const std::string& fault) {
    return client_.ask("POST", target_ + "/faults/" + encoded(fault) + "/heal");
}

Result<std::vector<std::string>> DaemonAccess::faults_that_are_on() {
    NETCUT_ASSIGN(const Json answer, client_.ask("GET", target_ + "/faults"));
    std::vector<std::string> names;
    for (const Json& fault : answer.at("faults"))
        if (fault.value("on", false)) names.push_back(fault.value("name", ""));
    return names;
}

Result<Json> DaemonAccess::wait_for_end() const {
    // Its journal goes on until then, unless it cannot be read.
    (void)client_.stream("GET", target_ + "/events?follow=1", nullptr, [](std::string_view) {});
    for (;; std::this_thread::sleep_for(std::chrono::seconds(1))) {
        NETCUT_ASSIGN(Json run, client_.ask("GET", target_));
        if (is_over(parse_word<HeldRun>(run.value("state", "")).value_or(HeldRun::lost))) return run;
    }
}

Result<Json> DaemonAccess::stop() {
    NETCUT_ASSIGN(Json stopped, client_.ask("POST", target_ + "/stop"));
    if (stopped.value("forgotten", false)) return stopped;  // it had not begun
    return wait_for_end();
}

Result<Json> DaemonAccess::forget(bool by_force) {
    return client_.ask("DELETE", target_ + (by_force ? "?force=1" : ""));
}

void DaemonAccess::execute(boost::asio::io_context& io, const std::string& node, const Json& what,
                           Reader reader) {
    client_.stream(io, "POST", target_ + "/nodes/" + encoded(node) + "/exec", what,
                   {std::move(reader.bytes), std::move(reader.ended)});
}

void DaemonAccess::write_input(boost::asio::io_context& io, std::uint64_t command, std::string bytes,
                               Done done) {
    client_.stream_bytes(io, fmt::format("{}/execs/{}/input", target_, command), std::move(bytes),
                         {[](std::string_view) {}, std::move(done)});
}

void DaemonAccess::resize(boost::asio::io_context& io, std::uint64_t command, TerminalSize size) {
    client_.stream_bytes(
        io, fmt::format("{}/execs/{}/resize?rows={}&columns={}", target_, command, size.rows, size.columns),
        {}, {[](std::string_view) {}, [](const Result<void>&) {}});
}

}  // namespace netcut::cli
