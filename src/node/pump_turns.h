// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>

namespace netcut {

class LogPump;

// Serves the outputs that have something to read, a piece of each in turn, and lets the event loop look at
// its timers every millisecond: however much nodes print, what is due is not late. One for each io_context.
class PumpTurns : public boost::asio::execution_context::service {
  public:
    static boost::asio::execution_context::id id;
    explicit PumpTurns(boost::asio::io_context& io) : service(io), io_(io) {}

    // It has something to read. The first in a turn of the loop is served at once.
    void add(std::shared_ptr<LogPump> pump);

  private:
    void shutdown() override { waiting_.clear(); }
    void serve();

    boost::asio::io_context& io_;
    std::deque<std::shared_ptr<LogPump>> waiting_;
    bool turn_is_over_ = false;  // the loop has yet to look at its timers
};

}  // namespace netcut
