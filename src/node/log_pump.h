// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>

#include "base/error.h"
#include "base/io.h"
#include "node/pump_turns.h"

namespace netcut {

// Moves one output of a node into its log file, byte by byte as it comes, and shows each piece to the
// observer first: a trigger must not wait for a disk.
class LogPump : public std::enable_shared_from_this<LogPump> {
  public:
    struct Observer {
        std::function<void(std::string_view)> bytes;
        std::function<void(Error)> log_failed;  // at most once; the bytes still go to the observer
        std::function<void()> ended;
    };
    LogPump(boost::asio::io_context& io, Fd source, Fd log, std::string name, Observer observer);
    void start() { await(); }
    void stop();
    // Whether there may be more to read at once. To be called by PumpTurns.
    bool take_piece();
    // While it is held nothing is read: whoever writes waits when the pipe is full.
    void hold(bool held);
    bool held() const { return held_; }

  private:
    void await();
    void take(std::size_t count);

    boost::asio::posix::stream_descriptor source_;
    PumpTurns& turns_;
    Fd log_;
    std::string name_;
    Observer observer_;
    bool held_ = false;
    bool idle_ = false;  // as it is held
};

}  // namespace netcut
