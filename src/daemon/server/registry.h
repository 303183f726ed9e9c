// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>

#include "daemon/line_channel.h"
#include "daemon/server/launcher.h"
#include "daemon/server/peer.h"
#include "daemon/server/run_record.h"
#include "daemon/worker_order.h"

namespace netcut {

// One run of a daemon: its record, and its worker while that lives. Threads: that of `io`.
class Run : public std::enable_shared_from_this<Run> {
  public:
    using Answer = std::function<void(Result<Json>)>;
    // Messages of a command beside a node: {"output", "stream"}, {"problem"}, {"exit"}; null when none comes
    // any more.
    using Sink = std::function<void(const Json&)>;
    struct Observer {
        std::function<void(Run&)> changed;  // what is on disk is to be written anew
        std::function<void(Run&)> over;
    };
    Run(boost::asio::io_context& io, RunRecord record, Observer observer);
    ~Run();

    const RunRecord& record() const { return record_; }
    // Starts the worker; `accepted` is called once it has taken the order or refused it.
    Result<void> start(const Launcher& launcher, const WorkerOrder& order,
                       std::function<void(Result<void>)> accepted);
    // Asks the worker for something, see LineChannel.
    void ask(Json request, Answer answer);
    // As ask, for a command, whose messages go to `sink`.
    void execute(Json request, Answer answer, Sink sink);
    // Asks the worker to end the run; one that does not even answer is killed.
    void stop(
        int signal, Answer answer = [](const Result<Json>&) {});

  private:
    struct Child;
    void take_from_user(const Json& message);
    void take(const Json& message);
    void take_answer(const Json& message);
    void take_accepted(Result<void> result);
    void lose(const std::string& why);
    void let_go();

    boost::asio::io_context& io_;
    RunRecord record_;
    Observer observer_;
    std::unique_ptr<Child> child_;
    std::shared_ptr<LineChannel> channel_;
    std::function<void(Result<void>)> accepted_;
    std::map<std::uint64_t, Answer> answers_;
    std::map<std::uint64_t, Sink> sinks_;
    std::uint64_t last_id_ = 0;
    bool told_over_ = false;
};

// All runs of a daemon.
class Registry {
  public:
    // `folder`: where records are kept, the daemon's own.
    Registry(boost::asio::io_context& io, std::string folder, Launcher launcher, Configuration configuration);

    // Reads what an earlier daemon has left. Runs that it had not ended are lost.
    Result<void> load();
    // `order` has what is to be run; user and limits are filled in here.
    void create(WorkerOrder order, const Peer& peer, bool attached,
                std::function<void(Result<std::shared_ptr<Run>>)> done);
    // Those that the peer may see, the oldest first: its own, or all if it is root.
    std::vector<std::shared_ptr<Run>> visible_to(const Peer& peer) const;
    std::shared_ptr<Run> find(const std::string& id, const Peer& peer) const;
    void forget(const std::string& id);
    // Ends all runs in order; `done` is called when the last one has ended.
    void stop_all(std::function<void()> done);
    std::map<std::string, unsigned> count_by_state() const;
    const Limits& limits_of(const Peer& peer) const;

  private:
    Result<void> check_runs(const User& user, const Limits& limits) const;
    void save(const Run& run) const;
    void on_over(const Run& run);
    Run::Observer observer();
    std::string file_of(const std::string& id) const { return folder_ + "/" + id + ".json"; }

    boost::asio::io_context& io_;
    std::string folder_;
    Launcher launcher_;
    Configuration configuration_;
    std::vector<std::shared_ptr<Run>> runs_;
    std::function<void()> all_over_;
};

}  // namespace netcut
