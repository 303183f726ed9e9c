// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "capture/capture.h"
#include "fabric/fabric.h"
#include "kernel/address.h"
#include "run/fault_runner.h"
#include "run/run_context.h"

namespace netcut {

// The packets of a run in files (--pcap), and what the journal says of them. What the capture's thread notices is
// done on the thread of the io_context.
class RunCapture {
  public:
    struct Observer {
        std::function<void()> missed;  // packets, as the journal has it now
        std::function<void()> ended;   // after end(): all of it is written
    };
    // All must outlive it.
    static Result<std::unique_ptr<RunCapture>> start(const RunContext& run, Fabric& fabric,
                                                     Observer observer);

    void note(const FaultRunner& fault, Nanoseconds t, const char* what);
    void add_addresses(std::size_t node, const std::vector<IpAddress>& addresses) {
        capture_->add_addresses(node, addresses);
    }
    // All nodes are gone. Whether it has ended; if not it does so soon, and tells it.
    bool end();

  private:
    RunCapture(const RunContext& run, Fabric& fabric, Observer observer)
        : run_(run), fabric_(fabric), observer_(std::move(observer)) {}
    Capture::Observer on_this_thread();
    void journal_files(const std::vector<CaptureTotals>& totals);

    const RunContext& run_;
    Fabric& fabric_;
    Observer observer_;
    std::shared_ptr<void> alive_ = std::make_shared<char>();
    std::unique_ptr<Capture> capture_;
    // Its thread has yet to speak to this one.
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
    bool ends_ = false, ended_ = false;
};

}  // namespace netcut
