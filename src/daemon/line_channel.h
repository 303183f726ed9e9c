// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <deque>
#include <functional>
#include <string>

#include "netcut/run.h"

namespace netcut {

// JSON objects, one a line, both ways along a Unix socket: between the daemon and the worker of one run.
// What is said, daemon to worker:
//   {"run": {...}}                        first of all: see WorkerOrder
//   {"id": N, "do": "fire" | "heal" | "add" | "signal" | "execute" | "stop", ...}
// and worker to daemon:
//   {"accepted": {...}} or {"refused": error}
//   {"event": {...}}                      a line of the journal, when it is written
//   {"id": N, "done": {...}} or {"id": N, "failed": error}
//   {"id": N, "output": text, "stream": "out" | "err"}, {"id": N, "exit": {...}}    of a command
//   {"ended": {...}}                      last of all
// Owned by a shared_ptr, since operations may be under way. Threads: that of `io`.
class LineChannel : public std::enable_shared_from_this<LineChannel> {
  public:
    struct Observer {
        std::function<void(const Json&)> message;
        std::function<void()> closed;  // the other end is gone, or does not keep to the form; at most once
    };
    LineChannel(boost::asio::io_context& io, Fd socket, Observer observer);

    void start() { read(); }
    void send(const Json& message);
    // Calls `then` when all that was sent is on its way, or the other end is gone.
    void when_sent(std::function<void()> then);
    void close();

  private:
    void read();
    void take(std::size_t count);
    void write();
    void lose();

    boost::asio::local::stream_protocol::socket socket_;
    Observer observer_;
    std::array<char, 16384> buffer_{};
    std::string partial_;
    std::deque<std::string> waiting_;
    bool writing_ = false;
    std::function<void()> when_sent_;
};

Json error_json(const Error& error);
Error error_of_json(const Json& json);

}  // namespace netcut
