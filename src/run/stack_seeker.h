// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "kernel/process_handle.h"
#include "record/event.h"

namespace netcut {

// Finds the lines of the programs at which the processes of a hung run wait, just before they are ended. Of those that
// handle SIGABRT, as Python's faulthandler does, it makes them print that and die; of others it asks eu-stack(1), if
// that is installed. All that are to be aborted are stopped first, so that none goes on because another one has ended.
//
// Threads: all on the thread of the io_context. Destroying it ends what it has begun.
class StackSeeker {
  public:
    struct NodeProcess {
        std::size_t node;
        pid_t outermost;
    };
    // `within`: all of it takes no longer.
    StackSeeker(boost::asio::io_context& io, std::vector<NodeProcess> nodes, Nanoseconds within);
    ~StackSeeker();
    StackSeeker(const StackSeeker&) = delete;
    StackSeeker& operator=(const StackSeeker&) = delete;

    void start(std::function<void()> done);
    // What a node prints from now on; the first 256 KiB are kept.
    void take(std::size_t node, std::string_view bytes);
    // When the nodes have ended.
    std::vector<event::NodeStack> stacks_of(std::size_t node) const;
    event::StacksSought sum_of(std::size_t node) const;

  private:
    class Trace;  // one run of eu-stack
    struct Subject {
        std::deque<ProcessHandle> to_abort{}, to_trace{};
        std::vector<std::pair<pid_t, std::string>> aborted{};  // and their programs, in their order
        std::string printed{};
        std::vector<event::NodeStack> traced{};
        event::StacksSought sum{};
    };

    void find_processes(const NodeProcess& node);
    void trace_next();
    void on_traced(std::size_t node, const ProcessHandle& process, const std::string& printed);
    void stop_all();
    void abort_next(std::size_t node);
    void abort(std::size_t node, ProcessHandle process);
    void finish_if_done();
    void give_up();
    void could_not(Subject& subject, const std::string& what, const Error& why);

    boost::asio::io_context& io_;
    std::vector<NodeProcess> nodes_;
    std::map<std::size_t, Subject> subjects_;
    Clock::time_point end_;
    boost::asio::steady_timer end_timer_;
    std::unique_ptr<Trace> trace_;
    std::map<std::size_t, std::unique_ptr<boost::asio::posix::stream_descriptor>> dying_;  // by node
    std::function<void()> done_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace netcut
