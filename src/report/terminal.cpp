// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "base/utf8.h"
#include "netcut/report.h"

namespace netcut {
namespace {

// All is over by then, so that a slow reader may take his time.
constexpr auto last_patience = std::chrono::seconds(10);
constexpr std::size_t longest_shown_line = 1000;  // bytes
constexpr std::size_t most_pending = 256 << 10;

std::string joined(const Json& names) {
    std::string text;
    for (const Json& name : names) text += (text.empty() ? "" : ", ") + name.get<std::string>();
    return text;
}

// "collaborator4 was sending for 12.3 ms: 65640 bytes up, 0 down"
std::string phase_text(const Json& phase) {
    std::string text =
        fmt::format("{} was {}", phase.at("node").get<std::string>(), phase.at("phase").get<std::string>());
    if (!phase.contains("into_ms")) return text;
    return text + fmt::format(" for {:.1f} ms: {} bytes up, {} down", phase.at("into_ms").get<double>(),
                              phase.at("sent").get<std::uint64_t>(),
                              phase.at("received").get<std::uint64_t>());
}

std::string tripped_line(const Event& event) {
    const std::string packet = event.node + ": " + event.details.at("packet").get<std::string>();
    if (!event.details.contains("phase")) return packet;
    return packet + "; " + phase_text(event.details.at("phase"));
}

std::string fired_line(const Event& event) {
    const Json& details = event.details;
    const Json& length = details.at("for_s");
    return fmt::format("{} {}: {} of {}, {}", event.fault, details.at("number").get<int>(),
                       details.at("kind").get<std::string>(), joined(details.at("nodes")),
                       length.is_null() ? "for ever" : fmt::format("for {:g} s", length.get<double>()));
}

std::string healed_line(const Event& event) {
    const bool queued = event.details.contains("packets_queued");
    std::string hit;
    for (const auto& [node, packets] : event.details.at(queued ? "packets_queued" : "packets_lost").items())
        hit += fmt::format("{}{} {} {} packets", hit.empty() ? "" : ", ", node, queued ? "queued" : "lost",
                           packets.get<std::uint64_t>());
    return fmt::format("{} healed after {:.3f} s: {}", event.fault,
                       event.details.at("lasted_s").get<double>(), hit);
}

std::string recovered_line(const Event& event) {
    const Json& resumed = event.details.at("time_to_recover_s");
    const Json& back = event.details.at("network_back_s");
    if (resumed.is_null())
        return fmt::format("{} exchanged data again after {:.3f} s", event.node, back.get<double>());
    return fmt::format("the work of {} went on after {:.3f} s, data after {:.3f} s", event.node,
                       resumed.get<double>(), back.get<double>());
}

std::string loss_line(const Event& event) {
    std::string lists;
    for (const auto& [direction, list] : event.details.at("lists").items())
        lists += fmt::format("{}{} {} in {}", lists.empty() ? "" : ", ", list.at("lost").get<std::uint64_t>(),
                             direction, list.at("file").get<std::string>());
    return fmt::format("{} loses of {} packets: {}", event.fault,
                       event.details.at("period").get<std::uint64_t>(), lists);
}

std::string stopping_line(const Json& details) {
    const std::string text = "stopping: " + details.at("because").get<std::string>();
    const bool by_signal = details.value("end", "") == end_word(EndReason::interrupted);
    return by_signal ? text + "; the nodes are asked to end, and a second signal kills them" : text;
}

std::string text_of(const Event& event) {
    const Json& details = event.details;
    if (event.name == "run.begun")
        return fmt::format("run '{}' with {} nodes", details.at("name").get<std::string>(),
                           details.at("nodes").size());
    if (event.name == "fabric.built")
        return fmt::format("{} network built in {:.1f} ms", details.at("kind").get<std::string>(),
                           details.at("took_ms").get<double>());
    if (event.name == "node.started") return event.node + " started";
    if (event.name == "node.exited")
        return fmt::format("{} ended with {}{}", event.node, details.at("status").get<std::string>(),
                           details.at("stopped_by_us").get<bool>() ? ", stopped by netcut-fl" : "");
    if (event.name == "node.paused")
        return fmt::format("{} paused: {} processes stand still{}", event.node,
                           details.at("processes").get<int>() - details.at("unstopped").get<int>(),
                           details.at("unstopped") == 0
                               ? ""
                               : fmt::format(", {} go on", details.at("unstopped").get<int>()));
    if (event.name == "progress" && event.node == aggregator_name)
        return fmt::format("round {}", printable(details.at("round").get<std::string>()));
    if (event.name == "trigger.matched")
        return fmt::format("{}: \"{}\" ({})", event.node, printable(details.at("line").get<std::string>()),
                           details.at("verdict").get<std::string>());
    if (event.name == "fault.armed")
        return fmt::format("{} waits for: {}", event.fault, details.at("when").get<std::string>());
    if (event.name == "trigger.tripped") return tripped_line(event);
    if (event.name == "trigger.missed") return event.node + ": " + details.at("why").get<std::string>();
    if (event.name == "fault.loss_list") return loss_line(event);
    if (event.name == "fault.fired") return fired_line(event);
    if (event.name == "fault.healed") return healed_line(event);
    if (event.name == "node.recovered") return recovered_line(event);
    if (event.name == "capture.missed")
        return fmt::format("{} packets came faster than they were captured, and {} that were lost",
                           details.at("seen").get<std::uint64_t>(), details.at("lost").get<std::uint64_t>());
    if (event.name == "run.stopping") return stopping_line(details);
    if (event.name == "run.error") return details.at("error").get<std::string>();
    return {};
}

}  // namespace

RunPlan plan_of(const Scenario& scenario) {
    RunPlan plan{{}, !scenario.progress.empty(), scenario.hang_after};
    for (const FaultSpec& fault : scenario.faults) {
        const std::string what = printable(awaited_text(fault.trigger));
        if (!what.empty()) plan.faults.push_back({fault.name, what});
    }
    return plan;
}

std::string event_line(const Event& event) {
    const std::string text = text_of(event);
    if (text.empty()) return {};
    return fmt::format("[{:9.3f}] {}", std::chrono::duration<double>(event.t).count(),
                       printable(text, longest_shown_line));
}

namespace {

bool is_set(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
}

}  // namespace

bool moves_its_cursor(int fd) {
    const char* type = std::getenv("TERM");
    return ::isatty(fd) == 1 && (type == nullptr || std::string_view(type) != "dumb");
}

TerminalReport::TerminalReport(int fd, bool quiet, RunPlan plan)
    : fd_(fd),
      quiet_(quiet),
      terminal_(!quiet && moves_its_cursor(fd)),
      colours_(terminal_ && !is_set("NO_COLOR")),  // https://no-color.org
      plan_(std::move(plan)) {}

// Heals and triggers run on this thread, so it must never wait for a reader: what is not taken now is kept.
void TerminalReport::print(const std::string& text) {
    pending_ += text;
    flush(std::chrono::milliseconds(0));
}

void TerminalReport::print_line(const std::string& line) {
    flush(std::chrono::milliseconds(0));
    if (pending_.size() + line.size() > most_pending) {
        ++left_out_;
        return;
    }
    tell_left_out();
    print(line + "\n");
}

void TerminalReport::tell_left_out() {
    if (left_out_ > 0)
        pending_ += fmt::format("{} lines are left out here, since nobody read: see journal.jsonl\n",
                                std::exchange(left_out_, 0U));
}

void TerminalReport::flush(std::chrono::milliseconds patience) {
    constexpr std::size_t most_at_once =
        PIPE_BUF;  // so much a writable pipe takes without blocking (pipe(7))
    pollfd writable{fd_, POLLOUT, 0};
    while (!pending_.empty() && ::poll(&writable, 1, static_cast<int>(patience.count())) == 1) {
        const std::string part = pending_.substr(0, most_at_once);
        // A terminal that is gone is not the run's problem; SIGHUP tells those who care.
        if (!write_all(fd_, part, "write to the terminal")) return pending_.clear();
        pending_.erase(0, part.size());
    }
}

// What the status line is made of.
void TerminalReport::note(const Event& event) {
    if (event.name == "run.begun") nodes_ = event.details.at("nodes").size();
    if (event.name == "node.started") running_.insert(event.node);
    if (event.name == "node.exited") running_.erase(event.node);
    if (event.name == "run.state" && event.details.at("state") == "running") running_since_ = Clock::now();
    if (event.name == "progress") progressed_ = Clock::now();
    if (event.name == "progress" && event.node == aggregator_name)
        round_ = printable(event.details.at("round").get<std::string>(), 20);
    if (event.name == "fault.fired") {
        const Json& length = event.details.at("for_s");
        std::optional<Nanoseconds> duration;
        if (!length.is_null())
            duration =
                std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(length.get<double>()));
        active_[event.fault] = {Clock::now(), duration};
        std::erase_if(plan_.faults, [&](const auto& waiting) { return waiting.fault == event.fault; });
    }
    if (event.name == "fault.healed") active_.erase(event.fault);
}

void TerminalReport::take(const Event& event) {
    note(event);
    if (quiet_) return;
    const std::string line = event_line(event);
    if (line.empty()) return;
    clear_status();
    print_line(line);
}

// Of a cut that never comes people want to know early.
void TerminalReport::tell_waiting() {
    constexpr auto patience = std::chrono::seconds(10);
    if (quiet_ || told_waiting_ || !running_since_ || Clock::now() - *running_since_ < patience) return;
    told_waiting_ = true;
    for (const RunPlan::Waiting& waiting : plan_.faults) {
        clear_status();
        print_line(printable(fmt::format("[{:9.3f}] {} still waits for {}", seconds(Clock::now() - begun_),
                                         waiting.fault, waiting.what),
                             longest_shown_line));
    }
}

std::string TerminalReport::status_line() const {
    const auto now = Clock::now();
    std::string text =
        fmt::format("{:.0f} s, {} of {} nodes run", seconds(now - begun_), running_.size(), nodes_);
    if (!round_.empty()) text += ", round " + round_;
    for (const auto& [fault, when] : active_) {
        const auto& [since, duration] = when;
        if (!duration)
            text += fmt::format(", {} for ever ({:.0f} s)", fault, seconds(now - since));
        else
            text += fmt::format(", {} heals in {:.1f} s", fault,
                                std::max(0.0, seconds(*duration - (now - since))));
    }
    constexpr auto short_pause = std::chrono::seconds(3);
    const auto last = std::max(progressed_.value_or(begun_), running_since_.value_or(now));
    if (plan_.tells_progress && now - last > short_pause)
        text += fmt::format(", no progress for {:.0f} of {}", seconds(now - last),
                            duration_text(plan_.hang_after));
    if (!plan_.faults.empty())
        text += fmt::format(", {} waits for {}", plan_.faults.front().fault, plan_.faults.front().what);
    return text;
}

void TerminalReport::tick() {
    tell_waiting();
    flush(std::chrono::milliseconds(0));
    if (!terminal_ || !pending_.empty()) return;
    winsize size{};
    const std::size_t width = ::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    print("\r\x1b[K" + printable(status_line().substr(0, width - 1), width));
    status_shown_ = true;
}

void TerminalReport::clear_status() {
    if (status_shown_) print("\r\x1b[K");
    status_shown_ = false;
}

void TerminalReport::finish(const Json& verdict, const std::string& folder) {
    clear_status();
    tell_left_out();
    pending_ += final_screen(verdict, folder, colours_);
    flush(last_patience);
}

}  // namespace netcut
