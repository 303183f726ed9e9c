// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "daemon/server/run.h"
#include "daemon/worker_order.h"
#include "user/user.h"

namespace netcut {

// All runs of a daemon. Threads: that of `io`.
class Registry {
  public:
    // `folder`: where records are kept, the daemon's own; `open_files`: that nodes have.
    Registry(boost::asio::io_context& io, BrokerLink& broker, std::string folder, std::uint64_t open_files,
             Configuration configuration, Accounts& accounts);

    // Reads what an earlier daemon has left. Runs that it had not ended are lost.
    Result<void> load();
    // Starts what the body of the request asks for, as its user.
    void create(HttpRequest request, std::function<void(tl::expected<std::shared_ptr<Run>, HttpReply>)> done);
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
    BrokerLink& broker_;
    std::string folder_;
    std::uint64_t open_files_;
    Configuration configuration_;
    Accounts& accounts_;
    std::vector<std::shared_ptr<Run>> runs_;
    std::function<void()> all_over_;
};

}  // namespace netcut
