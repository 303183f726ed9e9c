// SPDX-License-Identifier: Apache-2.0
//
// netcut-fl-worker: one run of a daemon, in a process of its own, so that no run can hurt another or the
// daemon. It is a process of the user, in a user namespace where there is nobody else (launch/): whoever
// takes it over gains nothing. It takes its order and its commands along standard input, a socket
// (line_channel.h), and ends with it.
#pragma once

#include <memory>

#include "daemon/hosted_run.h"
#include "daemon/line_channel.h"
#include "daemon/worker_order.h"

namespace netcut {

class Worker {
  public:
    explicit Worker(Fd control);
    void run();

  private:
    void take(const Json& message);
    void take_order(const Json& json);
    Result<void> begin(WorkerOrder order);
    Result<Scenario> scenario_of(const WorkerOrder& order) const;
    void obey(const Json& message);
    Result<Json> carry_out(const std::string& what, const Json& message);
    Result<Json> execute(const Json& message);
    void finish(const Result<RunResult>& result);
    void refuse(const Error& error);
    void give_up(const Error& error);

    boost::asio::io_context io_;
    std::shared_ptr<LineChannel> channel_;
    std::optional<RunFolder> folder_;
    std::optional<HostedRun> run_;
};

}  // namespace netcut
