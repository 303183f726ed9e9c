// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "report/terminal.h"

namespace netcut::cli {

// What is around a run that is waited for: its report on the terminal, kept up to date, and the signals that
// ask for the run's end. Threads: that of `io`.
class RunScreen {
  public:
    RunScreen(boost::asio::io_context& io, bool quiet, RunPlan plan, std::function<void(int signal)> stop);

    TerminalReport& report() { return report_; }

  private:
    void wait_for_signal();
    void tick();

    TerminalReport report_;
    std::function<void(int signal)> stop_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer ticker_;
};

}  // namespace netcut::cli
