// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>

#include "base/error.h"
#include "base/time.h"
#include "daemon/channel.h"
#include "daemon/server/account.h"
#include "daemon/server/broker_link.h"
#include "daemon/server/command_stream.h"
#include "daemon/server/run_record.h"
#include "daemon/worker_order.h"

namespace netcut {

// One run of a daemon: its record, and its worker while that lives. Nothing that the worker sends is trusted:
// what is not in the form ends it. Threads: that of `io`.
class Run : public std::enable_shared_from_this<Run> {
  public:
    using Answer = std::function<void(HttpReply)>;
    using Begun = std::function<void(std::optional<HttpReply> refusal)>;
    struct Observer {
        std::function<void(Run&)> changed;  // what is on disk is out of date
        std::function<void(Run&)> over;
    };
    Run(boost::asio::io_context& io, BrokerLink& broker, RunRecord record, std::shared_ptr<Account> account,
        Observer observer);
    ~Run();

    const RunRecord& record() const { return record_; }
    // Starts the worker, as `who`, with the order, and the body that says the rest of it; `begun` is called once it
    // has accepted or refused. `hold` is released when the worker has taken them.
    Result<void> start(const Peer& who, const WorkerOrder& order, std::string body,
                       std::shared_ptr<void> hold, Begun begun);
    // Asks the worker for something; its answer is passed on as it comes.
    void ask(Message request, std::shared_ptr<void> hold, Answer answer);
    // Asks the worker to end the run; one that does not even answer is killed, and so is one that has not
    // begun. `body`: of the request.
    void stop(std::string body, Answer answer);
    // Now, if it is over.
    void when_over(std::function<void()> then);

  private:
    struct Child;
    void hear(Message message);
    void take(Message message);
    void take_answer(const Message& message);
    void take_output(Message message);
    std::shared_ptr<CommandStream> open_stream(std::uint64_t id);
    void send(Message message);
    void kill_when_overdue(Nanoseconds run_time);
    void kill();
    void kill_if_silent();
    // The worker is gone when it has exited and all that it sent has been read.
    void take_exit(BrokerLink::Ended ended);
    void await_end_of_channel();
    void take_end_of_channel(bool broken);
    void conclude();
    void let_go();

    boost::asio::io_context& io_;
    BrokerLink& broker_;
    RunRecord record_;
    std::shared_ptr<Account> account_;
    Observer observer_;
    std::unique_ptr<Child> child_;
    std::shared_ptr<Channel> channel_;
    Begun begun_;
    std::map<std::uint64_t, Answer> answers_;
    std::map<std::uint64_t, std::shared_ptr<CommandStream>> streams_;
    std::vector<std::function<void()>> when_over_;
    std::uint64_t last_id_ = 0;
    std::string end_;                 // of the worker, in words; empty while it lives
    std::optional<Error> unstarted_;  // it never lived
    bool heard_ = false;
    bool broken_ = false;
    bool channel_ended_ = false;
    bool stopped_ = false;
    bool overdue_ = false;
    bool told_over_ = false;
};

}  // namespace netcut
