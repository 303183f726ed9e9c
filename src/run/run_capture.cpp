// SPDX-License-Identifier: Apache-2.0
#include "run/run_capture.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "record/event.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"

namespace netcut {

Result<std::unique_ptr<RunCapture>> RunCapture::start(const RunContext& run, Fabric& fabric,
                                                      Observer observer) {
    std::unique_ptr<RunCapture> one(new RunCapture(run, fabric, std::move(observer)));
    std::vector<std::string> faults;
    for (const FaultSpec& fault : run.scenario.faults) faults.push_back(fault.name);
    NETCUT_ASSIGN(one->capture_, Capture::start(fabric, std::move(faults), run.folder, run.scenario.pcap_snap,
                                                one->on_this_thread()));
    one->work_.emplace(run.io.get_executor());
    run.journal.add(event::CaptureBegun{run.scenario.pcap_snap});
    return one;
}

// The capture's thread may speak to this one when this object is about to go.
Capture::Observer RunCapture::on_this_thread() {
    const auto here = [this, alive = std::weak_ptr<void>(alive_)](auto work) {
        boost::asio::post(run_.io, [alive, work = std::move(work)]() mutable {
            if (!alive.expired()) work();
        });
    };
    return {[this, here](Error error) {
                here([this, error = std::move(error)]() mutable { run_.fail(std::move(error)); });
            },
            [this, here](Capture::Missing missing) {
                here([this, missing] {
                    run_.journal.add(event::CaptureMissed{missing.seen, missing.lost, missing.more_lost});
                    observer_.missed();
                });
            },
            [this, here](std::vector<CaptureTotals> totals) {
                here([this, totals = std::move(totals)] {
                    journal_files(totals);
                    observer_.ended();
                });
            }};
}

void RunCapture::note(const FaultRunner& fault, Nanoseconds t, const char* what) {
    capture_->note(fault.plan().nodes, run_.journal.realtime_begin() + t,
                   fmt::format("fault {} ({}) {}", fault.spec().name, fault.spec().kind->name, what));
}

// What nodes have left in the kernel may still send.
bool RunCapture::end() {
    if (ended_) return true;
    if (std::exchange(ends_, true)) return false;
    if (auto closed = fabric_.close_ports(); !closed) run_.fail(std::move(closed).error());
    capture_->stop();
    return false;
}

void RunCapture::journal_files(const std::vector<CaptureTotals>& totals) {
    ended_ = true;
    work_.reset();
    for (std::size_t node = 0; node < totals.size(); ++node) {
        const std::string& name = run_.nodes[node];
        run_.journal.add(event::CaptureWritten{.file = capture_name(name),
                                               .packets = totals[node].packets,
                                               .lost = totals[node].lost,
                                               .bytes = totals[node].digest.bytes,
                                               .sha256 = totals[node].digest.sha256},
                         {.node = name});
    }
}

}  // namespace netcut
