// SPDX-License-Identifier: Apache-2.0
//
// netcut-fl-worker: one run of a daemon, in a process of its own, so that no run can hurt another or the
// daemon. It is a process of the user, in a user namespace where there is nobody else (launch/): whoever
// takes it over gains nothing. It takes its order and its requests along standard input, a socket
// (channel.h), and ends with it.
#pragma once

#include <memory>

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "daemon/channel.h"
#include "daemon/hosted_run.h"
#include "daemon/run_requests.h"
#include "daemon/worker_order.h"
#include "folder/folder.h"
#include "record/event.h"
#include "run/engine.h"
#include "scenario/scenario.h"

namespace netcut {

class Worker {
  public:
    explicit Worker(Fd control);
    void run();

  private:
    void take(const Message& message);
    void take_order(const Message& message);
    Result<void> begin(const WorkerOrder& order);
    Result<Scenario> scenario_of(const WorkerOrder& order) const;
    void accept(const Scenario& scenario, bool attached);
    void report(const Event& event);
    void finish(const Result<RunResult>& result);
    void refuse(const Error& error);
    void give_up(const Error& error);
    std::shared_ptr<void> patience(const Message& message) const;

    boost::asio::io_context io_;
    int socket_;  // the channel's
    std::shared_ptr<Channel> channel_;
    std::optional<RunFolder> folder_;
    std::optional<HostedRun> run_;
    std::optional<RunRequests> requests_;
};

}  // namespace netcut
