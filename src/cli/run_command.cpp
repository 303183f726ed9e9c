// SPDX-License-Identifier: Apache-2.0
#include "cli/run_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/wrapped.h"
#include "cli/ci_output.h"
#include "cli/daemon_run.h"
#include "cli/repeat_command.h"
#include "cli/run_screen.h"
#include "cli/screen.h"
#include "cli/stage_commands.h"
#include "cli/twin_command.h"
#include "cli/twins_option.h"
#include "daemon/door.h"
#include "daemon/hosted_run.h"
#include "folder/folder.h"
#include "record/event.h"
#include "report/aftermath_text.h"
#include "report/last_line.h"
#include "report/terminal.h"
#include "run/engine.h"
#include "run/run_rights.h"
#include "scenario/scenario.h"
#include "user/user.h"
#include "verdict/verdict.h"

namespace netcut::cli {
namespace {

void tell_without(const std::string& file, const Error& error) {
    complain("no {}: {}", file, error.text());
}

class AttachedRun {
  public:
    AttachedRun(Scenario scenario, const RunFolder& folder, User user, bool quiet, CiOutput& ci)
        : name_(scenario.name),
          folder_(folder),
          quiet_(quiet),
          ci_(ci),
          screen_(
              io_, quiet, plan_of(scenario), [this](int signal) { run_.engine().stop(signal); },
              [&folder](const std::string& node) { return last_line_of(folder, node); }),
          run_(io_, std::move(scenario), folder, std::move(user),
               HostedRun::Observer{
                   [this](const Event& event) { screen_.report().take(event); },
                   [this](const Result<RunResult>& result) { finish(result); },
                   [](const std::string& file, const Error& error) { tell_without(file, error); }}),
          door_(io_, run_.engine(), folder, name_) {}

    int run() {
        if (auto started = run_.start(); !started) return report_error(started.error());
        if (auto opened = door_.open(); !opened && !quiet_) complain("{}", opened.error().text());
        io_.run();
        return exit_status_;
    }

  private:
    void finish(const Result<RunResult>& result) {
        if (result) {
            screen_.report().finish(result->verdict_json, folder_.path());
            exit_status_ = result->verdict.exit_status;
            if (!quiet_)
                show("{}",
                     wrapped(aftermath_screen(result->verdict_json, folder_), columns_of(STDOUT_FILENO)));
            std::fflush(stdout);
            ci_.tell_run(result->verdict_json, folder_.path());
        } else {
            exit_status_ = report_error(result.error());
            ci_.tell_error(result.error());
            complain("files are in {}", folder_.path());
        }
        io_.stop();
    }

    boost::asio::io_context io_;
    const std::string name_;
    const RunFolder& folder_;
    const bool quiet_;
    CiOutput& ci_;
    RunScreen screen_;
    HostedRun run_;
    Door door_;
    int exit_status_ = 5;
};

Result<int> run_once(const RunOptions& options, const Scenario& scenario, CiOutput& ci) {
    NETCUT_ASSIGN(User user, find_caller(scenario.user));
    const bool by_daemon = wants_daemon(options);
    if (!by_daemon) NETCUT_TRY(check_machine(scenario, user));
    NETCUT_ASSIGN(const int signal, do_stages(options, scenario, user, options.quiet));
    if (signal != 0) return 128 + signal;
    if (by_daemon) return run_by_daemon(options, scenario, ci);
    NETCUT_ASSIGN(const RunFolder folder, RunFolder::create(options.out.value_or(""), scenario.name, user));
    if (!folder.moved().empty() && !options.quiet)
        show("the earlier run in {} is now {}\n", folder.path(), folder.moved());
    std::fflush(stdout);
    NETCUT_ASSIGN(const std::optional<Keeper> keeper, leave_rights_of_root(scenario, folder));
    return AttachedRun(scenario, folder, std::move(user), options.quiet, ci).run();
}

Result<int> try_run(RunOptions options, CiOutput& ci) {
    NETCUT_ASSIGN(Scenario scenario, make_scenario(options));
    // Decided once: after a run of root's this process is its user's.
    options.local = !wants_daemon(options);
    if (options.twins) {
        NETCUT_ASSIGN(const User user, find_caller(scenario.user));
        NETCUT_ASSIGN(const int signal_of_stages, do_stages(options, scenario, user, options.quiet));
        if (signal_of_stages != 0) return 128 + signal_of_stages;
        NETCUT_ASSIGN(const int signal, TwinsOption(options, options.quiet).compare(scenario, user));
        if (signal != 0) return 128 + signal;
    }
    NETCUT_ASSIGN(const int status,
                  options.repeat ? run_repeatedly(options, scenario, ci) : run_once(options, scenario, ci));
    if (status == 1 && options.twin)
        if (const auto told = run_twin(options, scenario, ci); !told)
            complain("no twin: {}", told.error().text());
    return status;
}

}  // namespace

int report_error(const Error& error) {
    complain("{}", error.text());
    return exit_status_of(error);
}

int end_with(const Result<int>& status) {
    return status ? *status : report_error(status.error());
}

int run_command(const RunOptions& options) {
    // A run that is not waited for has nothing to tell, and its id is all that is printed.
    CiOutput ci(options.detached ? std::optional(false) : options.annotate);
    const auto status = try_run(options, ci);
    if (status) return *status;
    ci.tell_error(status.error());
    return report_error(status.error());
}

}  // namespace netcut::cli
