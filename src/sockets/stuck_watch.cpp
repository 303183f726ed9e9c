// SPDX-License-Identifier: Apache-2.0
#include "sockets/stuck_watch.h"

#include <sys/sysinfo.h>

#include <algorithm>

#include "kernel/crowd.h"

namespace netcut {
namespace {

constexpr Nanoseconds first_pause = std::chrono::milliseconds(300),
                      longest_pause = std::chrono::milliseconds(1500);
// What is on its way for longer, on a link that makes packets wait, is a fault of the scenario's, or unacknowledged.
constexpr Nanoseconds between_looks = std::chrono::milliseconds(250);
// Where threads wait for a CPU, so do those of the kernel that carry packets from node to node.
constexpr Nanoseconds between_looks_in_a_crowd = std::chrono::milliseconds(1500);
constexpr Nanoseconds between_last_looks = std::chrono::milliseconds(50);
constexpr int rest_after_stuck_look = 100;  // times as long as it took

bool is_crowded() {
    const auto can_run = runnable_threads();
    return !can_run || *can_run > ::get_nprocs();
}

}  // namespace

StuckWatch::StuckWatch(Timers& timers, std::vector<std::string> names, Clock::time_point begin,
                       Observer observer)
    : timers_(timers),
      names_(std::move(names)),
      begin_(begin),
      observer_(std::move(observer)),
      timer_(timers.make()) {}

void StuckWatch::restart() {
    pause_ = first_pause;
    look_after(pause_);
}

void StuckWatch::stop() {
    ++use_;
    timer_->cancel();
}

void StuckWatch::look_after(Nanoseconds pause) {
    ++use_;
    timer_->at(timers_.now() + pause, [this] { observer_.may_look() ? begin_look() : later(); });
}

void StuckWatch::later() {
    const Nanoseconds rest = std::max(pause_, rest_after_stuck_look * std::exchange(worked_, Nanoseconds(0)));
    pause_ = std::min(2 * pause_, longest_pause);
    look_after(rest);
}

std::vector<std::size_t> StuckWatch::running() const {
    std::vector<std::size_t> nodes;
    for (std::size_t node = 0; node < names_.size(); ++node)
        if (observer_.runs(node)) nodes.push_back(node);
    return nodes;
}

void StuckWatch::begin_look() {
    first_.clear();
    second_.clear();
    std::vector<std::size_t> nodes = running();
    // Taken from the end.
    std::stable_partition(nodes.begin(), nodes.end(), [this](std::size_t node) { return node != restless_; });
    look_at(std::move(nodes), false);
}

void StuckWatch::look_at(std::vector<std::size_t> nodes, bool again) {
    if (nodes.empty() && !again) {
        ++use_;
        timer_->at(timers_.now() + (is_crowded() ? between_looks_in_a_crowd : between_looks),
                   [this] { look_at(running(), true); });
        return;
    }
    if (nodes.empty()) {
        WaitsByNode all;
        for (const auto& [node, seen] : second_) all[names_[node]] = together(first_.at(node), seen, begin_);
        later();
        return observer_.at_rest(std::move(all));
    }
    const std::size_t node = nodes.back();
    nodes.pop_back();
    if (moves(node, again)) {
        restless_ = node;
        return later();
    }
    timers_.post(
        [this, again, nodes = std::move(nodes), use = use_, alive = std::weak_ptr<char>(alive_)]() mutable {
            if (!alive.expired() && use == use_) look_at(std::move(nodes), again);
        });
}

// False also if it cannot be read, and that was told.
bool StuckWatch::moves(std::size_t node, bool again) {
    const auto begun = timers_.now();
    auto seen = read(node);
    worked_ += timers_.now() - begun;
    if (!seen) {
        observer_.failed(std::move(seen).error());
        return true;
    }
    NodeWaits facts = seen->facts;
    facts.unchanged_since = Nanoseconds(0);
    const std::string& name = names_[node];
    // What is about another node is judged when all are known.
    const auto hindrances = hindrances_of(name, {{name, std::move(facts)}});
    const bool hindered = std::any_of(hindrances.begin(), hindrances.end(), [](const Hindrance& one) {
        return one.kind != HindranceKind::zero_window;
    });
    if (hindered || (again && (!first_.contains(node) || first_.at(node).marks != seen->marks))) return true;
    (again ? second_ : first_)[node] = std::move(*seen);
    return false;
}

Result<StuckWatch::Seen> StuckWatch::read(std::size_t node) {
    const auto when = timers_.now();
    NETCUT_ASSIGN(WaitReading reading, observer_.read(node));
    return Seen{std::move(reading.marks), when, std::move(reading.facts)};
}

NodeWaits StuckWatch::together(const Seen& first, const Seen& second, Clock::time_point begin) {
    NodeWaits facts = second.facts;
    if (first.marks == second.marks) facts.unchanged_since = first.when - begin;
    return facts;
}

Result<WaitsByNode> StuckWatch::glance() {
    WaitsByNode all;
    for (const std::size_t node : running()) {
        NETCUT_ASSIGN(Seen seen, read(node));
        all[names_[node]] = std::move(seen.facts);
    }
    return all;
}

Result<bool> StuckWatch::any_starves() {
    NETCUT_ASSIGN(const WaitsByNode all, look());
    return std::any_of(all.begin(), all.end(), [](const auto& one) {
        const auto& threads = one.second.waits;
        return one.second.unchanged_since &&
               std::any_of(threads.begin(), threads.end(),
                           [](const ThreadFacts& thread) { return thread.doing == ThreadDoing::runs; });
    });
}

Result<WaitsByNode> StuckWatch::look() {
    stop();
    Look first;
    for (const std::size_t node : running()) {
        NETCUT_ASSIGN(first[node], read(node));
    }
    timers_.sleep(between_last_looks);
    WaitsByNode all;
    for (const auto& [node, before] : first) {
        NETCUT_ASSIGN(const Seen now, read(node));
        all[names_[node]] = together(before, now, begin_);
    }
    return all;
}

}  // namespace netcut
