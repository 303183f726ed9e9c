// SPDX-License-Identifier: Apache-2.0
//
// What the engine does for --pcap.
#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "base/error.h"
#include "base/time.h"
#include "record/event.h"
#include "run/engine.h"
#include "run/engine_impl.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"

namespace netcut {

Result<void> Engine::Impl::start_capture() {
    if (!scenario_.pcap) return {};
    // The capture's thread speaks to this one, and may do so when this engine is about to go.
    const auto here = [this, alive = std::weak_ptr<void>(alive_)](auto work) {
        boost::asio::post(io_, [alive, work = std::move(work)]() mutable {
            if (!alive.expired()) work();
        });
    };
    std::vector<std::string> names;
    for (const FaultSpec& fault : scenario_.faults) names.push_back(fault.name);
    Capture::Observer observer{
        [this, here](Error error) {
            here([this, error = std::move(error)]() mutable { fail(std::move(error)); });
        },
        [this, here](Capture::Missing missing) { here([this, missing] { on_missed_packets(missing); }); },
        [this, here](std::vector<CaptureTotals> totals) {
            here([this, totals = std::move(totals)] { on_captured(totals); });
        }};
    NETCUT_ASSIGN(capture_, Capture::start(*fabric_, std::move(names), folder_, scenario_.pcap_snap,
                                           std::move(observer)));
    capture_work_.emplace(io_.get_executor());
    journal_->add(event::CaptureBegun{scenario_.pcap_snap});
    return {};
}

void Engine::Impl::note_in_capture(const FaultRunner& runner, Nanoseconds t, const char* what) {
    if (!capture_) return;
    capture_->note(runner.fault().plan().nodes, journal_->realtime_begin() + t,
                   fmt::format("fault {} ({}) {}", runner.spec().name, runner.spec().kind->name, what));
}

void Engine::Impl::on_missed_packets(const Capture::Missing& missing) {
    journal_->add(event::CaptureMissed{missing.seen, missing.lost, missing.more_lost});
    check_journal();
}

// All nodes are gone, but what they have left in the kernel may still send.
bool Engine::Impl::end_capture() {
    if (!capture_ || captured_) return false;
    if (std::exchange(capture_ends_, true)) return true;
    if (auto closed = fabric_->close_ports(); !closed) fail(std::move(closed).error());
    capture_->stop();
    return true;
}

void Engine::Impl::on_captured(const std::vector<CaptureTotals>& totals) {
    captured_ = true;
    capture_work_.reset();
    for (std::size_t node = 0; node < totals.size(); ++node) {
        const std::string& name = fabric_->node(node).name;
        journal_->add(event::CaptureWritten{.file = capture_name(name),
                                            .packets = totals[node].packets,
                                            .lost = totals[node].lost,
                                            .bytes = totals[node].digest.bytes,
                                            .sha256 = totals[node].digest.sha256},
                      {.node = name});
    }
    const auto counters = table_->read_hits();
    if (!counters) fail(counters.error());
    // Of each fault, all firings together: what its rules have lost, as the kernel counted it.
    event::CaptureEnded ended;
    for (std::size_t number = 0; counters && number < faults_.size(); ++number) {
        if (queues(scenario_.faults[number])) continue;
        auto& [fault, losses] = ended.losses.emplace_back();
        fault = scenario_.faults[number].name;
        for (const auto& [node, hits] : (*counters)[number])
            losses.push_back({fabric_->node(node).name, {hits.up, hits.down}});
    }
    // How far the clock was set forward since the run began.
    const Nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
    ended.clock_shift_ns = Nanoseconds(now - journal_->realtime_begin() - journal_->now()).count();
    journal_->add(std::move(ended));
    finish();
}

}  // namespace netcut
