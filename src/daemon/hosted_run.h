// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "folder/folder.h"
#include "record/event.h"
#include "run/engine.h"
#include "scenario/scenario.h"
#include "user/user.h"

namespace netcut {

// What can be said of a run before anything starts: its commands exist, and this machine can do it. Takes the
// rights that it needs. With the rights of `user` where files are looked at.
Result<void> check_machine(const Scenario& scenario, const User& user);

// One run from its start to its report, in this process: of `netcut-fl run`, and of a daemon's worker.
// Threads: all on the one that runs `io`. `folder` must outlive it.
class HostedRun {
  public:
    struct Observer {
        std::function<void(const Event&)> event;       // as it is journalled
        std::function<void(Result<RunResult>)> ended;  // all files are written; at most once
        // A report could not be written; the verdict stands.
        std::function<void(const std::string& file, const Error&)> without_file;
    };
    HostedRun(boost::asio::io_context& io, Scenario scenario, const RunFolder& folder, User user,
              Observer observer);

    Result<void> start();
    Engine& engine() { return engine_; }

  private:
    void finish(const Result<RunResult>& result);
    Result<void> write_junit(const Json& verdict);

    const Clock::time_point begin_ = Clock::now();
    const RunFolder& folder_;
    Observer observer_;
    Engine engine_;
};

}  // namespace netcut
