// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "kernel/netlink.h"
#include "kernel/option_setter.h"
#include "link/tcp_settings.h"
#include "record/event.h"

namespace netcut {

// Sets the options of nodes' TCP sockets as they come, on a thread of its own: every 5 ms, or as seldom as it takes to
// use no more than a fiftieth of a CPU. What it did is told on the thread of the io_context, the first of each node one
// by one and all of them as a sum.
class TcpSetter {
  public:
    struct Observer {
        std::function<void(std::size_t node, event::TcpOptionsSet)> set;
        std::function<void(std::size_t node, event::TcpOptionsUnset)> unset;
    };
    // `options`: of each node, perhaps none. `fabric` must outlive it.
    TcpSetter(boost::asio::io_context& io, const Fabric& fabric,
              std::vector<std::vector<SocketOption>> options, Observer observer);
    ~TcpSetter();
    TcpSetter(const TcpSetter&) = delete;
    TcpSetter& operator=(const TcpSetter&) = delete;

    Result<void> start();
    // Looks for the last time, and tells all that was not told; then it has ended.
    void stop();
    void node_runs(std::size_t node, pid_t outermost);
    void node_ended(std::size_t node);
    // `change` gives the node another network namespace.
    Result<void> change_network(std::size_t node, const std::function<Result<void>()>& change);
    // After stop(). Zero for nodes without options.
    const event::TcpOptionsSummed& sum(std::size_t node) const { return subjects_[node].sum; }
    bool sets_options_of(std::size_t node) const { return !subjects_[node].options.empty(); }

  private:
    struct Subject {
        const NetNs* ns = nullptr;
        std::vector<SocketOption> options{};
        std::optional<OptionSetter> setter{};  // of the life of the node under way
        std::optional<NetlinkSocket> diag{};
        pid_t followed = 0;
        Clock::time_point looked{};
        event::TcpOptionsSummed sum{};
        std::size_t told = 0, told_unset = 0;
        bool failed = false;  // it cannot be looked at, which was told
    };
    struct Told {
        std::size_t node;
        std::variant<event::TcpOptionsSet, event::TcpOptionsUnset> what;
    };

    void run();
    void end_thread();
    void look_at_all();
    Result<void> look_at(Subject& subject, std::size_t node, pid_t outermost);
    void take(Subject& subject, std::size_t node, const OptionsTried& tried, Nanoseconds within);
    void tell();

    boost::asio::io_context& io_;
    Observer observer_;
    std::shared_ptr<TcpSetter*> alive_;  // null when it is gone
    std::vector<Subject> subjects_;      // of the thread alone while it runs
    std::mutex mutex_;                   // of what follows
    std::condition_variable wake_;
    bool stopping_ = false, handler_is_queued_ = false;
    std::vector<pid_t> outermost_;  // 0: it does not run
    std::vector<bool> changed_;     // it has another network
    std::deque<Told> told_;
    std::thread thread_;
};

}  // namespace netcut
