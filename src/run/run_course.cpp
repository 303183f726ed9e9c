// SPDX-License-Identifier: Apache-2.0
#include "run/run_course.h"

#include <algorithm>
#include <utility>

namespace netcut {
namespace {

constexpr unsigned most_prolonged = 10;  // times hang_after, or ready_within
// For the rest of the end line: a program may write it in several pieces, and another may never end it.
constexpr Nanoseconds rest_of_line = std::chrono::milliseconds(200);

}  // namespace

RunCourse::RunCourse(Timers& timers, const Scenario& scenario, RunParts& parts)
    : timers_(timers),
      scenario_(scenario),
      parts_(parts),
      timeout_timer_(timers.make()),
      ready_timer_(timers.make()),
      hang_timer_(timers.make()),
      end_line_timer_(timers.make()),
      grace_timer_(timers.make()) {}

void RunCourse::enter(RunPhase phase) {
    phase_ = phase;
    parts_.entered(phase);
}

Result<void> RunCourse::begin() {
    enter(RunPhase::preparing);
    timeout_timer_->at(timers_.now() + scenario_.timeout, [this] { end(EndReason::timeout); });
    if (!scenario_.prepare.empty()) return parts_.start_preparation();
    start_aggregator();
    return {};
}

void RunCourse::prepared(bool successfully) {
    if (phase_ != RunPhase::preparing) return finish();
    if (successfully) start_aggregator();
}

void RunCourse::start_aggregator() {
    enter(RunPhase::starting);
    progressed();
    parts_.before_aggregator();
    if (phase_ != RunPhase::starting) return;  // something failed
    if (auto started = parts_.start_node(0); !started) return parts_.fail(std::move(started).error());
    if (scenario_.ready.empty()) return start_collaborators();
    if (scenario_.ready_within <= Nanoseconds(0)) return;
    prolonged_ = 0;
    ready_timer_->at(timers_.now() + scenario_.ready_within, [this] { on_ready_timer(); });
}

void RunCourse::on_ready_timer() {
    if (!waits_longer(*ready_timer_, scenario_.ready_within, [this] { on_ready_timer(); }))
        end(EndReason::not_ready);
}

void RunCourse::ready() {
    if (phase_ == RunPhase::starting) start_collaborators();
}

void RunCourse::start_collaborators() {
    enter(RunPhase::running);
    ready_timer_->cancel();
    parts_.before_collaborators();
    progressed();
    arm_hang_timer();
    start_collaborator(1);
}

// One a turn of the event loop: starting a process takes milliseconds, and a trigger must not wait for a
// thousand.
void RunCourse::start_collaborator(std::size_t index) {
    if (phase_ != RunPhase::running || index >= parts_.nodes()) return;
    if (auto started = parts_.start_node(index); !started) return parts_.fail(std::move(started).error());
    timers_.post([this, index] { start_collaborator(index + 1); });
}

void RunCourse::end_line_begun() {
    if (phase_ == RunPhase::running)
        end_line_timer_->at(timers_.now() + rest_of_line, [this] { end_line(); });
}

void RunCourse::end_line() {
    if (phase_ == RunPhase::running) end(EndReason::finished);
}

void RunCourse::node_ended(std::size_t index, bool successfully) {
    if (phase_ == RunPhase::stopping) return finish();
    progressed();
    if (parts_.node(index).will_start_again) return;
    if (!successfully) crashed_ = true;
    if (!any_running() && all_are_started()) return end(EndReason::all_exited);
    if (scenario_.end == end_with_collaborators && collaborators_have_ended())
        return end(EndReason::collaborators_ended);
    arm_hang_timer();
}

void RunCourse::fault_changed() {
    progressed();
    arm_hang_timer();
}

// Hangs are looked for once the federation is ready and a fault was fired or a node crashed, and never while
// a cut will yet heal. How long the aggregator may take to become ready is said by ready_within.
void RunCourse::arm_hang_timer() {
    if (phase_ != RunPhase::running || (!parts_.any_fault_has_fired() && !crashed_)) return;
    parts_.hang_is_looked_for();
    prolonged_ = 0;
    hang_timer_->at(last_progress_ + scenario_.hang_after, [this] { on_hang_timer(); });
}

void RunCourse::on_hang_timer() {
    if (parts_.any_fault_will_heal()) return;  // its heal arms the timer again
    if (timers_.now() < last_progress_ + scenario_.hang_after) return arm_hang_timer();
    if (!waits_longer(*hang_timer_, scenario_.hang_after, [this] { on_hang_timer(); })) end(EndReason::hung);
}

// What a machine has no time for is no hang: as long as it was missing it is waited for.
bool RunCourse::waits_longer(Timer& timer, Nanoseconds limit, std::function<void()> then) {
    const Nanoseconds now = parts_.starved();
    const Nanoseconds starved = now - std::exchange(starved_, now), half = limit / 2;
    if (prolonged_ >= most_prolonged || (starved < half && !parts_.any_starves())) return false;
    ++prolonged_;
    timer.at(timers_.now() + std::clamp(starved, half, limit), std::move(then));
    return true;
}

void RunCourse::stop(int signal) {
    if (phase_ == RunPhase::done) return;
    if (phase_ == RunPhase::stopping) return parts_.kill();  // asked twice: do not wait
    signal_ = signal;
    end(EndReason::interrupted);
}

void RunCourse::end(EndReason reason) {
    if (phase_ == RunPhase::stopping || phase_ == RunPhase::done) return;
    parts_.before_end(reason);
    if (phase_ == RunPhase::stopping) return;  // something failed, and has ended the run already
    enter(RunPhase::stopping);
    parts_.ends(reason, reason == EndReason::interrupted ? signal_ : 0);
    for (const auto& timer :
         {timeout_timer_.get(), hang_timer_.get(), ready_timer_.get(), end_line_timer_.get()})
        timer->cancel();
    end_nodes();
}

void RunCourse::end_nodes() {
    // Never from inside a node's own callback.
    if (!any_running() && !parts_.is_preparing()) return timers_.post([this] { finish(); });
    parts_.ask_to_end();
    grace_timer_->at(timers_.now() + scenario_.grace, [this] { parts_.kill(); });
}

void RunCourse::finish() {
    if (phase_ == RunPhase::done || any_running() || parts_.is_preparing()) return;
    grace_timer_->cancel();
    if (!parts_.conclude()) return;
    enter(RunPhase::done);
    parts_.done();
}

template <typename Condition>
bool RunCourse::any_node(Condition condition) const {
    for (std::size_t index = 0; index < parts_.nodes(); ++index)
        if (condition(index, parts_.node(index))) return true;
    return false;
}

// A node that will be started again counts.
bool RunCourse::any_running() const {
    return any_node([this](std::size_t, const RunParts::NodeNow& node) {
        return node.runs || (node.will_start_again && phase_ != RunPhase::stopping);
    });
}

// An aggregator that ended before it was ready leaves nothing to start.
bool RunCourse::all_are_started() const {
    if (phase_ == RunPhase::starting) return true;
    const RunParts::NodeNow last = parts_.node(parts_.nodes() - 1);
    return last.runs || last.has_ended;
}

bool RunCourse::collaborators_have_ended() const {
    return !any_node([](std::size_t index, const RunParts::NodeNow& node) {
        return index > 0 && (!node.has_ended || node.will_start_again);
    });
}

}  // namespace netcut
