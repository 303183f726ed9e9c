// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fault/data_counters.h"
#include "fault/data_reader.h"
#include "kernel/crowd.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/process_tree.h"
#include "phase/connection_changes.h"
#include "phase/phase.h"
#include "phase/phase_classifier.h"

namespace netcut {

// Samples what all nodes do, on a thread of its own with sockets of its own, so that the thread of the
// io_context stays free for what must be fast. All calls and callbacks are on that thread.
class PhaseWatch {
  public:
    // What a watched node does now.
    struct State {
        PhaseNow now;
        DataCounters data;  // when it was sampled
    };
    // What passed at the nodes' ports.
    struct Traffic {
        Nanoseconds from{0}, to{0};
        std::vector<std::pair<std::uint64_t, std::uint64_t>> bytes;  // of data, up and down, by node
    };
    struct Observer {
        std::function<void(std::size_t node, const PhaseInterval&)> ended;
        std::function<void(const Traffic&)> traffic;
        std::function<void(std::size_t node, const State&)> changed;  // a watched node's `now`
        // One of its connections does something else.
        std::function<void(std::size_t node, const ConnectionChanges::Told&)> connection;
    };

    // `begin`: of the run. `watched`: nodes whose phases are waited for; they are sampled more often.
    PhaseWatch(boost::asio::io_context& io, const Fabric& fabric, Clock::time_point begin,
               std::set<std::size_t> watched, Observer observer);
    ~PhaseWatch();
    PhaseWatch(const PhaseWatch&) = delete;
    PhaseWatch& operator=(const PhaseWatch&) = delete;

    // Begins to sample.
    Result<void> start();
    void node_runs(std::size_t node, pid_t first_process);
    void node_ended(std::size_t node);
    // `change` gives the node another network namespace; it is not looked at meanwhile.
    Result<void> change_network(std::size_t node, const std::function<Result<void>()>& change);
    // How long, all together, some node could have run and had no CPU.
    Nanoseconds starved() const { return Nanoseconds(starved_.load(std::memory_order_relaxed)); }
    // As far as it is known at this moment.
    PhaseNow now(std::size_t node) const;
    // No more samples; the observer is told of what is left from inside this call.
    void stop();

  private:
    struct Subject {
        Subject(const NetNs* where, bool is_watched, Nanoseconds settling, ConnectionChanges::Bounds bounds)
            : ns(where), watched(is_watched), settle(settling), classifier(settling), connections(bounds) {}

        const NetNs* ns;
        bool watched;
        Nanoseconds settle;
        PhaseClassifier classifier;
        pid_t first_process = 0;
        std::optional<ProcessTree> tree;  // while it runs
        std::optional<NetlinkSocket> diag;
        ConnectionChanges connections;
        DataCounters data;
        std::set<std::pair<std::uint16_t, std::uint16_t>> open;  // connections, by their ports
        std::uint64_t opened = 0;                                // ever
        bool backlog = false;
        Nanoseconds ready{0};  // that its processes have waited for a CPU
        Clock::time_point moved, looked_at_sockets, looked_for_processes;
        PhaseNow told;
    };
    struct Ended {
        std::size_t node;
        PhaseInterval interval;
    };
    struct Changed {
        std::size_t node;
        State state;
    };

    struct ChangedConnection {
        std::size_t node;
        ConnectionChanges::Told told;
    };

    void end_thread();
    void run();
    void follow_lives(const std::vector<pid_t>& first_processes);
    void sample_round(bool all);
    Nanoseconds period_at(Clock::time_point now) const;
    void notice_crowd(Clock::time_point when);
    void notice_starved(Nanoseconds most, Clock::time_point when);
    bool fill(PhaseSample& sample, Subject& subject, const DataCounters& data, Clock::time_point when);
    bool wants_sockets(const Subject& subject, Clock::time_point when) const;
    Result<SocketBacklog> read_backlog(Subject& subject, Clock::time_point when);
    Result<void> reach_sockets(Subject& subject);
    void publish(std::size_t node);
    void publish_traffic(const std::vector<DataCounters>& data, Clock::time_point when);
    void wake_io();
    void tell();
    Nanoseconds since_begin(Clock::time_point when) const { return when - begin_; }

    boost::asio::io_context& io_;
    const Clock::time_point begin_;
    const Nanoseconds period_;
    Observer observer_;
    std::shared_ptr<PhaseWatch*> alive_;  // null when we are gone: a handler may still be queued

    // Of the sampling thread.
    const Fabric& fabric_;
    std::vector<Subject> subjects_;
    bool any_watched_ = false;
    Clock::time_point last_moved_;  // at any port
    std::optional<DataReader> data_;
    Crowd machine_;
    const int cpus_;
    Nanoseconds crowded_{0};
    Nanoseconds untold_starved_{0};
    Nanoseconds longest_ready_{0};  // of the nodes, since the last round of all
    Clock::time_point last_round_of_all_;
    std::atomic<std::int64_t> starved_{0};  // ns; read by any thread
    Clock::time_point last_round_;
    std::vector<DataCounters> traffic_base_;
    Clock::time_point traffic_begin_, traffic_from_;

    // Between the two threads.
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    bool handler_is_queued_ = false;
    std::vector<pid_t> first_processes_;  // 0: the node does not run
    std::set<const NetNs*> changed_networks_;
    std::vector<PhaseNow> now_;
    std::vector<Ended> ended_;
    std::vector<Traffic> traffic_;
    std::vector<Changed> changed_;
    std::vector<ChangedConnection> changed_connections_;

    std::thread thread_;
};

}  // namespace netcut
