// SPDX-License-Identifier: Apache-2.0
//
// netcut-fl-worker: one run of a daemon, in a process of its own, so that no run can hurt another or the
// daemon. It is a process of the user, in a user namespace where there is nobody else (launch/): whoever
// takes it over gains nothing. It takes its order and its requests along standard input, a socket
// (channel.h), and ends with it.
#pragma once

#include <map>
#include <memory>

#include "daemon/channel.h"
#include "daemon/hosted_run.h"
#include "daemon/worker/command.h"
#include "daemon/worker_order.h"

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
    void obey(const Message& message);
    Result<Json> carry_out(const Message& message);
    Result<Json> add_fault(std::uint64_t request, const std::string& body);
    Result<Json> signal(const std::string& node, const std::string& body);
    Result<void> execute(const Message& message);
    void report(const Event& event);
    void finish(const Result<RunResult>& result);
    void refuse(const Error& error);
    void give_up(const Error& error);

    boost::asio::io_context io_;
    int socket_;  // the channel's
    std::shared_ptr<Channel> channel_;
    std::map<std::uint64_t, std::unique_ptr<Command>> commands_;  // by the request
    std::optional<RunFolder> folder_;
    std::optional<HostedRun> run_;
};

}  // namespace netcut
