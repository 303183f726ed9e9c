// SPDX-License-Identifier: Apache-2.0
#include "cli/daemon_run.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/json.h"
#include "base/wrapped.h"
#include "cli/daemon_client.h"
#include "cli/run_screen.h"
#include "cli/screen.h"
#include "folder/folder.h"
#include "record/reader.h"
#include "report/aftermath_text.h"
#include "report/last_line.h"
#include "report/terminal.h"
#include "scenario/yaml.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

// As open(2) and mkdir(2) take it from what they are given.
unsigned current_umask() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return mask;
}

Result<Json> order(const RunOptions& options, const Scenario& scenario) {
    std::error_code error;
    const std::string here = std::filesystem::current_path(error);
    if (error)
        return system_failure("find the working directory", error.value(), "change to one that exists");
    return Json{{"scenario", write_yaml(scenario)}, {"cwd", here},
                {"out", options.out.value_or("")},  {"environment", own_environment()},
                {"umask", current_umask()},         {"attach", !options.detached}};
}

// Shows a run of the daemon as if it were our own, and ends it when we are told to end.
class AttachedToDaemon {
  public:
    AttachedToDaemon(DaemonClient client, bool quiet, RunPlan plan, CiOutput& ci)
        : client_(std::move(client)),
          quiet_(quiet),
          ci_(ci),
          screen_(
              io_, quiet, std::move(plan), [this](int signal) { stop(signal); },
              [this](const std::string& node) {
                  return folder() != nullptr ? last_line_of(*folder(), node) : "";
              }),
          lines_([this](std::string_view line) { take(line); }) {}

    Result<int> run(const Json& order) {
        client_.stream(io_, "POST", "/runs", order,
                       {[this](std::string_view bytes) { lines_.take(bytes); },
                        [this](Result<void> ended) {
                            outcome_ = std::move(ended);
                            io_.stop();
                        }});
        io_.run();
        NETCUT_TRY(outcome_);
        if (!ended_.is_null()) return finish();
        return machine_failure("see the run through", "the daemon ended before it", "see netcut-fl ps --all");
    }

  private:
    void take(std::string_view line) {
        const Json json = Json::parse(line, nullptr, false);
        if (!json.is_object()) return;
        if (json.contains("run")) return begin(json.at("run"));
        if (json.contains("ended")) {
            ended_ = json.at("ended");
            return;
        }
        if (json.contains("problem"))
            return complain("{}", printable(json.at("problem").value("text", ""), 1000));
        if (const auto event = read_event(line).event) screen_.report().take(*event);
    }

    void begin(const Json& run) {
        id_ = run.value("id", "");
        path_ = run.value("folder", "");
        if (run.contains("moved") && !quiet_)
            show("the earlier run in {} is now {}\n", run.value("folder", ""), run.value("moved", ""));
        std::fflush(stdout);
    }

    // Once there is something in it. Its files are this user's, and so are the rights.
    const RunFolder* folder() {
        if (folder_ || path_.empty()) return folder_ ? &*folder_ : nullptr;
        const auto user = find_user("");
        if (!user) return nullptr;
        if (auto opened = RunFolder::open(path_, *user)) folder_ = std::move(*opened);
        return folder_ ? &*folder_ : nullptr;
    }

    int finish() {
        const std::string folder = ended_.value("folder", "");
        if (const auto verdict = client_.verdict_of(ended_)) {
            screen_.report().finish(*verdict, folder);
            if (!quiet_ && this->folder() != nullptr)
                show("{}", wrapped(aftermath_screen(*verdict, *this->folder()), columns_of(STDOUT_FILENO)));
            std::fflush(stdout);
            ci_.tell_run(*verdict, folder);
        } else {
            complain("{}", printable(ended_.value("reason", "the run was lost"), 1000));
            complain("files are in {}", printable(folder, 1000));
        }
        return ended_.value("exit_status", 5);
    }

    void stop(int signal) {
        if (id_.empty()) ::_exit(128 + signal);  // the daemon ends what nobody waits for
        client_.stream(io_, "POST", "/runs/" + id_ + "/stop", {{"signal", std::to_string(signal)}},
                       {[](std::string_view) {}, [](const Result<void>&) {}});
    }

    boost::asio::io_context io_;
    DaemonClient client_;
    bool quiet_;
    CiOutput& ci_;
    RunScreen screen_;
    Lines lines_;
    std::string id_;
    std::string path_;
    std::optional<RunFolder> folder_;
    Result<void> outcome_;
    Json ended_;  // what the daemon knows of the run when it is over
};

}  // namespace

bool wants_daemon(const RunOptions& options) {
    if (options.local) return false;
    if (options.detached || options.socket) return true;
    return ::geteuid() != 0 && DaemonClient(DaemonClient::socket_path({})).is_there();
}

Result<int> run_by_daemon(const RunOptions& options, const Scenario& scenario, CiOutput& ci) {
    const DaemonClient client(DaemonClient::socket_path(options.socket));
    NETCUT_ASSIGN(const Json body, order(options, scenario));
    if (!options.detached) return AttachedToDaemon(client, options.quiet, plan_of(scenario), ci).run(body);
    NETCUT_ASSIGN(const Json run, client.ask("POST", "/runs", body));
    show("{}\n", run.value("id", ""));
    return 0;
}

}  // namespace netcut::cli
