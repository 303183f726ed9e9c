// SPDX-License-Identifier: Apache-2.0
#include "cli/run_screen.h"

#include <unistd.h>

#include <csignal>

namespace netcut::cli {
namespace {

constexpr auto status_period = std::chrono::milliseconds(100);
constexpr unsigned ticks_a_line = 5;  // a look at a log takes longer than the rest

// nohup asks for it by ignoring the signal.
bool is_ignored(int signal) {
    struct sigaction now {};
    return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

RunScreen::RunScreen(boost::asio::io_context& io, bool quiet, RunPlan plan, std::function<void(int)> stop,
                     std::function<std::string(const std::string&)> last_line)
    : report_(STDOUT_FILENO, quiet, std::move(plan)),
      stop_(std::move(stop)),
      last_line_(std::move(last_line)),
      signals_(io, SIGINT, SIGTERM),
      ticker_(io) {
    if (!is_ignored(SIGHUP)) signals_.add(SIGHUP);
    wait_for_signal();
    tick();
}

void RunScreen::wait_for_signal() {
    signals_.async_wait([this](boost::system::error_code error, int signal) {
        if (error) return;
        stop_(signal);
        wait_for_signal();
    });
}

void RunScreen::tick() {
    ticker_.expires_after(status_period);
    ticker_.async_wait([this](boost::system::error_code error) {
        if (error) return;
        if (report_.is_terminal() && ++ticks_ % ticks_a_line == 0)
            report_.set_last_line(last_line_(report_.node_that_matters()));
        report_.tick();
        tick();
    });
}

}  // namespace netcut::cli
