// SPDX-License-Identifier: Apache-2.0
#include "report/terminal.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "base/io.h"
#include "base/utf8.h"
#include "base/wrapped.h"
#include "report/final_screen.h"
#include "scenario/fault_spec.h"
#include "scenario/triggers.h"

namespace netcut {
namespace {

// All is over by then, so that a slow reader may take his time.
constexpr auto last_patience = std::chrono::seconds(10);
constexpr std::size_t longest_shown_line = 1000;  // bytes
constexpr std::size_t most_pending = 256 << 10;

// "collaborator4 was sending for 12.3 ms: 65640 bytes up, 0 down"
std::string phase_text(const event::PhaseSeen& seen) {
    std::string text = fmt::format("{} was {}", seen.node, word_of(seen.phase));
    if (!seen.into_ms) return text;
    return text + fmt::format(" for {:.1f} ms: {} bytes up, {} down", *seen.into_ms, seen.sent.value_or(0),
                              seen.received.value_or(0));
}

// The line of each event that people are shown.
class LineOf {
  public:
    explicit LineOf(const Event& event) : node_(event.node), fault_(event.fault) {}

    std::string operator()(const event::RunBegun& begun) const {
        return fmt::format("run '{}' with {} nodes", begun.run, begun.nodes.size());
    }
    std::string operator()(const event::FabricBuilt& built) const {
        return fmt::format("{} network built in {:.1f} ms", built.kind, built.took_ms);
    }
    std::string operator()(const event::NodeStarted&) const { return node_ + " started"; }
    std::string operator()(const event::NodeExited& exited) const {
        return fmt::format("{} ended with {}{}", node_, exited.exit.text(),
                           exited.stopped_by_us ? ", stopped by netcut-fl" : "");
    }
    std::string operator()(const event::NodePaused& paused) const {
        const int still = paused.processes - paused.unstopped;
        return fmt::format("{} paused: {} process{} still{}", node_, still,
                           still == 1 ? " stands" : "es stand",
                           paused.unstopped == 0 ? "" : fmt::format(", {} go on", paused.unstopped));
    }
    std::string operator()(const event::Progress& progress) const {
        return node_ == aggregator_name ? "round " + printable(progress.round) : "";
    }
    std::string operator()(const event::TriggerMatched& matched) const {
        if (node_.empty()) return fmt::format("{} ({})", printable(matched.line), word_of(matched.verdict));
        return fmt::format("{}: \"{}\" ({})", node_, printable(matched.line), word_of(matched.verdict));
    }
    std::string operator()(const event::FaultArmed& armed) const {
        return fmt::format("{} waits for: {}", fault_, armed.when);
    }
    std::string operator()(const event::TriggerTripped& tripped) const {
        const std::string packet = node_ + ": " + tripped.packet;
        return tripped.phase ? packet + "; " + phase_text(*tripped.phase) : packet;
    }
    std::string operator()(const event::TriggerMissed& missed) const { return node_ + ": " + missed.why; }
    std::string operator()(const event::LossListed& listed) const {
        std::string lists;
        for (const auto& [direction, list] :
             {std::pair("up", &listed.lists.up), std::pair("down", &listed.lists.down)})
            if (*list)
                lists += fmt::format("{}{} {} in {}", lists.empty() ? "" : ", ", (*list)->lost, direction,
                                     (*list)->file);
        return fmt::format("{} loses of {} packets: {}", fault_, listed.period, lists);
    }
    std::string operator()(const event::HoldListed& listed) const {
        std::string lists;
        for (const auto& [direction, list] :
             {std::pair("up", &listed.lists.up), std::pair("down", &listed.lists.down)})
            if (*list)
                lists += fmt::format("{}{} in {}", lists.empty() ? "" : ", ", direction, (*list)->file);
        return fmt::format("{} has a list of {} packets: {}", fault_, listed.period, lists);
    }
    std::string operator()(const event::HoldMissed& missed) const {
        return fmt::format("{} packets that were to be held were lost",
                           missed.unread + missed.no_room + missed.unsent);
    }
    std::string operator()(const event::HoldLapsed& lapsed) const {
        return fmt::format("packets were not held for {:.1f} s: netcut-fl did not run", lapsed.lasted_s);
    }
    std::string operator()(const event::FaultFired& fired) const {
        return fmt::format("{} {}: {} of {}, {}", fault_, fired.number, fired.kind,
                           fmt::join(fired.nodes, ", "),
                           fired.for_s ? fmt::format("for {:g} s", *fired.for_s) : "for ever");
    }
    std::string operator()(const event::FaultHealed& healed) const {
        const auto& hit = healed.packets_queued ? healed.packets_queued : healed.packets_lost;
        std::string text;
        for (const auto& [node, packets] : hit.value_or(std::map<std::string, std::uint64_t>()))
            text += fmt::format("{}{} {} {} packet{}", text.empty() ? "" : ", ", node,
                                healed.packets_queued ? "queued" : "lost", packets, packets == 1 ? "" : "s");
        for (const auto& [node, losses] : healed.losses)
            if (losses.rebound)
                text += fmt::format(", and {} of {} had another port", losses.rebound->total(), node);
        return fmt::format("{} healed after {:.3f} s: {}", fault_, healed.lasted_s, text);
    }
    std::string operator()(const event::NodeRecovered& recovered) const {
        const double back = seconds(recovered.recovery.network_back().value_or(Nanoseconds(0)));
        const auto resumed = recovered.recovery.work_resumed();
        if (!resumed) return fmt::format("{} exchanged data again after {:.3f} s", node_, back);
        return fmt::format("the work of {} went on after {:.3f} s, data after {:.3f} s", node_,
                           seconds(*resumed), back);
    }
    std::string operator()(const event::CaptureMissed& missed) const {
        return fmt::format("{} packets came faster than they were captured, and {} that were lost",
                           missed.seen, missed.lost);
    }
    std::string operator()(const event::RunStopping& stopping) const {
        const std::string text = std::string("stopping: ") + end_text(stopping.end);
        const bool by_signal = stopping.end == EndReason::interrupted;
        return by_signal ? text + "; the nodes are asked to end, and a second signal kills them" : text;
    }
    std::string operator()(const event::RunError& error) const { return error.text; }
    std::string operator()(const auto&) const { return {}; }

  private:
    const std::string& node_;
    const std::string& fault_;
};

}  // namespace

RunPlan plan_of(const Scenario& scenario) {
    RunPlan plan{{}, !scenario.progress.empty(), scenario.hang_after};
    for (const FaultSpec& fault : scenario.faults) {
        const std::string what = printable(awaited_text(fault.trigger));
        const bool of_fault = fault.trigger.node.empty() && !fault.nodes.empty();
        if (!what.empty())
            plan.faults.push_back({fault.name, what, of_fault ? fault.nodes.front() : fault.trigger.node});
    }
    return plan;
}

std::string event_line(const Event& event) {
    const std::string text = std::visit(LineOf(event), event.what);
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

std::size_t columns_of(int fd) {
    winsize size{};
    if (!moves_its_cursor(fd)) return 0;
    return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
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
    print(wrapped(line, terminal_ ? columns_of(fd_) : 0) + "\n");
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

void TerminalReport::take(const Event& event) {
    state_.apply(event);
    begun_ = std::min(begun_, Clock::now() - event.t);
    if (event.is<event::FaultFired>())
        std::erase_if(plan_.faults, [&](const auto& waiting) { return waiting.fault == event.fault; });
    if (quiet_) return;
    const std::string line = event_line(event);
    if (line.empty()) return;
    clear_status();
    print_line(line);
}

// Of a cut that never comes people want to know early.
void TerminalReport::tell_waiting() {
    constexpr auto patience = std::chrono::seconds(10);
    const auto since = state_.running_since();
    if (quiet_ || told_waiting_ || !since || Clock::now() - begun_ - *since < patience) return;
    told_waiting_ = true;
    for (const RunPlan::Waiting& waiting : plan_.faults) {
        clear_status();
        print_line(printable(fmt::format("[{:9.3f}] {} still waits for {}", seconds(Clock::now() - begun_),
                                         waiting.fault, waiting.what),
                             longest_shown_line));
    }
}

std::string TerminalReport::status_line() const {
    const Nanoseconds now = Clock::now() - begun_;
    const auto running = std::count_if(state_.nodes().begin(), state_.nodes().end(),
                                       [](const NodeState& node) { return node.runs(); });
    std::string text =
        fmt::format("{:.0f} s, {} of {} nodes run", seconds(now), running, state_.nodes().size());
    if (!state_.round().empty()) text += ", round " + printable(state_.round(), 20);
    for (const FaultState& fault : state_.faults()) {
        if (!fault.on) continue;
        const double passed = seconds(now - fault.fired);
        if (const auto length = state_.firings().at(*fault.last).for_s)
            text += fmt::format(", {} heals in {:.1f} s", fault.name, std::max(0.0, *length - passed));
        else
            text += fmt::format(", {} for ever ({:.0f} s)", fault.name, passed);
    }
    constexpr auto short_pause = std::chrono::seconds(3);
    const auto last =
        std::max(state_.progressed().value_or(Nanoseconds(0)), state_.running_since().value_or(now));
    if (plan_.tells_progress && now - last > short_pause)
        text += fmt::format(", no progress for {:.0f} of {}", seconds(now - last),
                            duration_text(plan_.hang_after));
    if (!plan_.faults.empty())
        text += fmt::format(", {} waits for {}", plan_.faults.front().fault, plan_.faults.front().what);
    if (!last_line_.empty()) text += fmt::format("; {}: {}", node_that_matters(), printable(last_line_, 200));
    return text;
}

// Who is waited for; else whom a fault met last; else the aggregator.
std::string TerminalReport::node_that_matters() const {
    for (const RunPlan::Waiting& waiting : plan_.faults)
        if (state_.node(waiting.node) != nullptr) return waiting.node;
    if (!state_.firings().empty() && !state_.firings().back().nodes.empty())
        return state_.firings().back().nodes.front();
    return aggregator_name;
}

void TerminalReport::tick() {
    tell_waiting();
    flush(std::chrono::milliseconds(0));
    if (!terminal_ || !pending_.empty()) return;
    const std::size_t width = columns_of(fd_);
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
    pending_ += wrapped(final_screen(verdict, folder, colours_), terminal_ ? columns_of(fd_) : 0);
    flush(last_patience);
}

}  // namespace netcut
