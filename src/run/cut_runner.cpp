// SPDX-License-Identifier: Apache-2.0
#include "run/cut_runner.h"

#include <algorithm>

namespace netcut {
namespace {

// How exactly the time to recover is measured; reading the counters takes tens of microseconds.
constexpr auto recovery_step = std::chrono::milliseconds(5);

double microseconds(Nanoseconds value) {
    return std::chrono::duration<double, std::micro>(value).count();
}
double seconds(Nanoseconds value) {
    return std::chrono::duration<double>(value).count();
}

const char* verdict_name(MatchCounter::Verdict verdict) {
    switch (verdict) {
        case MatchCounter::Verdict::too_early:
            return "counted";
        case MatchCounter::Verdict::fire:
            return "fires";
        case MatchCounter::Verdict::busy:
            return "ignored: the cut is active";
        case MatchCounter::Verdict::spent:
            break;
    }
    return "";
}

}  // namespace

CutRunner::CutRunner(boost::asio::io_context& io, Journal& journal, Fabric& fabric, FaultTable& table,
                     FaultSpec spec, Cut cut, Observer observer)
    : journal_(journal),
      fabric_(fabric),
      table_(table),
      spec_(std::move(spec)),
      cut_(std::move(cut)),
      observer_(std::move(observer)),
      counter_(spec_.trigger.nth, spec_.times),
      timer_(io),
      recovery_timer_(io) {}

void CutRunner::match(const std::string& node, std::string_view line) {
    const auto verdict = counter_.match(waiting_ || cut_.active());
    if (verdict == MatchCounter::Verdict::spent) return;  // a chatty pattern would fill the journal
    const Nanoseconds matched = journal_.now();
    const bool fires = verdict == MatchCounter::Verdict::fire;
    if (fires) {
        trigger_node_ = node;
        trigger_line_ = line;
    }
    const bool at_once = fires && spec_.trigger.delay == Nanoseconds(0);
    if (at_once) begin_cut();  // first, and tell afterwards
    journal_.add_at(
        matched, "trigger.matched", node, spec_.name,
        {{"line", std::string(line)}, {"match", counter_.matches()}, {"verdict", verdict_name(verdict)}});
    if (at_once) return tell_fired();
    if (!fires) return;
    waiting_ = true;
    timer_.expires_after(spec_.trigger.delay);
    when_due(timer_, timer_use_, [this] {
        begin_cut();
        tell_fired();
    });
}

// A handler that is queued already runs in spite of cancel(), so each knows which use of the timer it is of.
void CutRunner::when_due(boost::asio::steady_timer& timer, unsigned& use, std::function<void()> work) {
    timer.async_wait([&use, mine = ++use, work = std::move(work)](boost::system::error_code error) {
        if (!error && mine == use) work();
    });
}

void CutRunner::stop_timers() {
    ++timer_use_;
    ++recovery_use_;
    timer_.cancel();
    recovery_timer_.cancel();
}

void CutRunner::begin_cut() {
    waiting_ = false;
    fire_begun_ = journal_.now();
    fire_result_ = cut_.fire();
    fire_ended_ = journal_.now();
    if (!spec_.duration || !fire_result_) return;
    timer_.expires_at(Clock::now() - (fire_ended_ - fire_begun_) + *spec_.duration);
    when_due(timer_, timer_use_, [this] { heal(); });
}

void CutRunner::tell_fired() {
    ++recovery_use_;  // of the cut before
    recovery_timer_.cancel();
    if (!fire_result_) return fail(std::move(fire_result_).error());
    auto read_back = cut_.in_effect();
    if (!read_back) return fail(std::move(read_back).error());
    CutOutcome& outcome = outcomes_.emplace_back();
    outcome.fault = spec_.name;
    outcome.kind = spec_.kind;
    outcome.fired = fire_begun_;
    outcome.trigger_node = trigger_node_;
    outcome.trigger_line = trigger_line_;
    for (const std::size_t node : cut_.options().nodes) outcome.losses[node_name(node)] = {};
    Json details = {{"kind", kind_name(spec_.kind)},
                    {"nodes", spec_.nodes},
                    {"number", outcomes_.size()},
                    {"took_us", microseconds(fire_ended_ - fire_begun_)}};
    details["for_s"] = spec_.duration ? Json(seconds(*spec_.duration)) : Json(nullptr);
    // A cut of a millisecond may be over before it can be read back.
    details["read_back"] = *read_back;
    journal_.add_at(fire_begun_, "fault.fired", {}, spec_.name, std::move(details));
    observer_.fired(*this);
}

void CutRunner::heal() {
    const Nanoseconds begin = journal_.now();
    if (auto healed = cut_.heal(); !healed) return fail(std::move(healed).error());
    Nanoseconds end = journal_.now();
    healed_at_ = Clock::now();
    // The kernel ends a drop on time by itself, also when we come late.
    if (spec_.kind == CutKind::drop && end > fire_ended_ + *spec_.duration) {
        healed_at_ -= end - (fire_ended_ + *spec_.duration);
        end = fire_ended_ + *spec_.duration;
    }
    watch_recovery();
    CutOutcome& outcome = outcomes_.back();
    outcome.healed = end;
    update_losses();
    Json lost = Json::object();
    for (const auto& [node, losses] : outcome.losses) lost[node] = losses.total();
    journal_.add_at(end, "fault.healed", {}, spec_.name,
                    {{"lasted_s", seconds(end - outcome.fired)},
                     {"took_us", microseconds(end - begin)},
                     {"packets_lost", lost}});
    observer_.healed(*this);
}

void CutRunner::update_losses() {
    auto losses = cut_.losses();
    if (!losses) return fail(std::move(losses).error());
    if (!fired()) return;
    for (const auto& [node, value] : *losses) outcomes_.back().losses[node_name(node)] = value;
}

void CutRunner::watch_recovery() {
    auto counters = table_.read();
    if (!counters) return fail(std::move(counters).error());
    counters_at_heal_ = std::move(*counters);
    for (const std::size_t node : cut_.options().nodes) outcomes_.back().recovery[node_name(node)] = {};
    recovery_timer_.expires_after(recovery_step);
    when_due(recovery_timer_, recovery_use_, [this] { look_for_data(); });
}

void CutRunner::look_for_data() {
    auto counters = table_.read();
    if (!counters) return fail(std::move(counters).error());
    const Nanoseconds since = Clock::now() - healed_at_;
    bool all = true;
    for (const std::size_t node : cut_.options().nodes) {
        Recovery& recovery = outcomes_.back().recovery[node_name(node)];
        if (recovery.both()) continue;
        const PortCounters& now = counters->at(node);
        const PortCounters& then = counters_at_heal_.at(node);
        if (!recovery.sent && now.data_up.packets > then.data_up.packets) recovery.sent = since;
        if (!recovery.received && now.data_down.packets > then.data_down.packets) recovery.received = since;
        if (!recovery.both()) {
            all = false;
            continue;
        }
        journal_.add(
            "node.recovered", node_name(node), spec_.name,
            {{"sent_again_s", seconds(*recovery.sent)}, {"received_again_s", seconds(*recovery.received)}});
    }
    if (all) return;
    // Finely while it matters; a node that is silent for long is looked at less often.
    const bool soon = since < std::chrono::seconds(30);
    recovery_timer_.expires_after(soon ? recovery_step : recovery_step * 20);
    when_due(recovery_timer_, recovery_use_, [this] { look_for_data(); });
}

void CutRunner::finish() {
    if (cut_.active() && fired()) update_losses();
    stop_timers();
}

void CutRunner::fail(Error error) {
    stop_timers();
    observer_.failed(std::move(error));
}

}  // namespace netcut
