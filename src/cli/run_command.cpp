// SPDX-License-Identifier: Apache-2.0
#include "cli/run_command.h"

#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>

#include "cli/daemon_run.h"
#include "cli/stage_commands.h"
#include "daemon/hosted_run.h"
#include "netcut/report.h"

namespace netcut::cli {
namespace {

constexpr auto status_period = std::chrono::milliseconds(100);

// nohup asks for it by ignoring the signal.
bool is_ignored(int signal) {
    struct sigaction now {};
    return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

void tell_without(const std::string& file, const Error& error) {
    std::fprintf(stderr, "netcut-fl: no %s: %s\n", file.c_str(), error.text().c_str());
}

class AttachedRun {
  public:
    AttachedRun(Scenario scenario, const RunFolder& folder, User user, bool quiet)
        : folder_(folder),
          quiet_(quiet),
          report_(STDOUT_FILENO, quiet),
          run_(io_, std::move(scenario), folder, std::move(user),
               HostedRun::Observer{
                   [this](const Event& event) { report_.take(event); },
                   [this](const Result<RunResult>& result) { finish(result); },
                   [](const std::string& file, const Error& error) { tell_without(file, error); }}),
          signals_(io_, SIGINT, SIGTERM),
          ticker_(io_) {
        if (!is_ignored(SIGHUP)) signals_.add(SIGHUP);
    }

    int run() {
        wait_for_signal();
        tick();
        if (auto started = run_.start(); !started) return report_error(started.error());
        io_.run();
        return exit_status_;
    }

  private:
    void wait_for_signal() {
        signals_.async_wait([this](boost::system::error_code error, int signal) {
            if (error) return;
            run_.engine().stop(signal);
            wait_for_signal();
        });
    }

    void tick() {
        ticker_.expires_after(status_period);
        ticker_.async_wait([this](boost::system::error_code error) {
            if (error) return;
            report_.tick();
            tick();
        });
    }

    void finish(const Result<RunResult>& result) {
        ticker_.cancel();
        signals_.cancel();
        if (result) {
            report_.finish(result->verdict_json, folder_.path());
            exit_status_ = result->verdict.exit_status;
            if (!quiet_) fmt::print("{}", last_words(result->verdict_json, folder_));
            std::fflush(stdout);
        } else {
            exit_status_ = report_error(result.error());
            std::fprintf(stderr, "files are in %s\n", folder_.path().c_str());
        }
        io_.stop();
    }

    boost::asio::io_context io_;
    const RunFolder& folder_;
    const bool quiet_;
    TerminalReport report_;
    HostedRun run_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer ticker_;
    int exit_status_ = 5;
};

Result<int> try_run(const RunOptions& options) {
    NETCUT_ASSIGN(Scenario scenario, make_scenario(options));
    NETCUT_ASSIGN(User user, find_user(scenario.user));
    const bool by_daemon = wants_daemon(options);
    if (!by_daemon) NETCUT_TRY(check_machine(scenario, user));
    NETCUT_ASSIGN(const int signal, do_stages(options, scenario, user, options.quiet));
    if (signal != 0) return 128 + signal;
    if (by_daemon) return run_by_daemon(options, scenario);
    NETCUT_ASSIGN(const RunFolder folder, RunFolder::create(options.out.value_or(""), scenario.name, user));
    if (!folder.moved().empty() && !options.quiet)
        fmt::print("the earlier run in {} is now {}\n", folder.path(), folder.moved());
    std::fflush(stdout);
    return AttachedRun(std::move(scenario), folder, std::move(user), options.quiet).run();
}

}  // namespace

int report_error(const Error& error) {
    std::fprintf(stderr, "netcut-fl: %s\n", error.text().c_str());
    return exit_status_of(error);
}

int run_command(const RunOptions& options) {
    const auto status = try_run(options);
    return status ? *status : report_error(status.error());
}

}  // namespace netcut::cli
