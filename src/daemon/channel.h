// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <limits>
#include <memory>

#include "base/io.h"
#include "base/time.h"
#include "daemon/message.h"

namespace netcut {

// Messages both ways along a Unix socket, between a run and who asks it for something. Owned by a shared_ptr,
// since operations may be under way. Threads: that of the executor.
class Channel : public std::enable_shared_from_this<Channel> {
  public:
    struct Observer {
        std::function<void(Message)> message;
        // The other end is gone, or (`broken`) does not keep to the form; at most once.
        std::function<void(bool broken)> closed;
        std::function<Nanoseconds()> pause = {};  // before more is read; may be empty
        // Nothing is read while more bytes than these wait for the other end to read them.
        std::size_t most_unread = std::numeric_limits<std::size_t>::max();
    };
    // `max_message`: bytes of one message that the other end may send.
    Channel(const boost::asio::any_io_executor& executor, Fd socket, std::size_t max_message,
            Observer observer);

    void start() { read(); }
    // `hold` is released when the message is on its way.
    void send(const Message& message, std::shared_ptr<void> hold = nullptr);
    // Calls `then` when all that was sent is on its way, or the other end is gone.
    void when_sent(std::function<void()> then);
    // The observer hears of nothing any more.
    void close();

  private:
    struct Outgoing {
        std::string bytes;
        std::shared_ptr<void> hold;
    };
    void read();
    void read_later();
    void take(std::size_t count);
    void write();
    void lose();

    boost::asio::local::stream_protocol::socket socket_;
    boost::asio::steady_timer timer_;
    Observer observer_;
    MessageReader reader_;
    std::array<char, 16384> buffer_{};
    std::deque<Outgoing> waiting_;
    std::size_t waiting_bytes_ = 0;
    bool writing_ = false;
    bool deaf_ = false;  // until some of them were read
    std::function<void()> when_sent_;
};

}  // namespace netcut
