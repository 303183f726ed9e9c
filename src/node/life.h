// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "kernel/netns.h"
#include "node/exit_status.h"
#include "node/init/order.h"
#include "node/log_pump.h"
#include "node/node.h"
#include "node/spawn.h"

namespace netcut {

// From one start of a node to its end. A restart is a new object, so that nothing which the former life still
// has under way can reach it.
class Node::Life : public std::enable_shared_from_this<Node::Life> {
  public:
    Life(boost::asio::io_context& io, std::shared_ptr<const Observer> observer)
        : io_(io), observer_(std::move(observer)), status_(io), syslog_(io), drain_timer_(io) {}

    // Without a namespace it keeps the network, hosts files and host name of the machine.
    Result<void> start(const NodeSpec& spec, const NetNs* ns, Fd out_log, Fd err_log);
    bool running() const { return running_; }
    bool paused() const { return paused_; }
    pid_t pid() const { return running_ ? process_.pid() : 0; }
    void signal(int number) {
        if (running()) process_.signal(number);
    }
    void kill() {
        lifeline_.reset();
        signal(SIGCONT);  // somebody may have stopped the process that watches it
    }
    // To the node's first process. One that is just ending does not take it, which is no error.
    Result<void> send(const init::Order& order, const std::string& attempt);
    Result<void> rewrite_hosts(const NodeSpec& spec);
    void hold_outputs(bool held);
    // Ends the tree; the observer hears of nothing any more.
    void abandon();

  private:
    Result<void> open_outputs(const NodeSpec& spec, Fd out_log, Fd err_log, std::array<Fd, 3>& stdio);
    void read_status();
    void take_status(const std::string& line);
    Result<Fd> open_syslog();
    void read_syslog();
    void take_syslog(int most);
    void take_hosts_in_place();
    void take_pause(std::istream& words);
    void take_failure(int code, std::istream& words);
    void limit_outputs();
    void finish_if_done();
    // Holds the observer meanwhile: the callback may destroy the node.
    template <typename Callback, typename... Arguments>
    void tell(Callback Observer::*callback, Arguments&&... arguments) const {
        const auto observer = observer_;
        if (observer && (*observer).*callback) ((*observer).*callback)(std::forward<Arguments>(arguments)...);
    }

    boost::asio::io_context& io_;
    std::shared_ptr<const Observer> observer_;  // null when abandoned
    InitProcess process_;
    Fd lifeline_;
    boost::asio::posix::stream_descriptor status_;
    boost::asio::posix::stream_descriptor syslog_;
    boost::asio::steady_timer drain_timer_;
    std::string status_text_;
    std::array<char, 512> status_buffer_{};
    std::vector<std::shared_ptr<LogPump>> pumps_;
    std::size_t open_streams_ = 0;  // the outputs and the status
    bool running_ = false;
    bool paused_ = false;
    bool has_hosts_ = false;                // its first process has put /etc/hosts in place
    const NodeSpec* late_hosts_ = nullptr;  // they changed before that
    std::optional<ExitStatus> exit_;
};

}  // namespace netcut
