// SPDX-License-Identifier: Apache-2.0
#include "daemon/channel.h"

#include <boost/asio/write.hpp>

namespace netcut {

Channel::Channel(const boost::asio::any_io_executor& executor, Fd socket, std::size_t max_message,
                 Observer observer)
    : socket_(executor, boost::asio::local::stream_protocol(), socket.release()),
      timer_(executor),
      observer_(std::move(observer)),
      reader_(max_message) {}

void Channel::read() {
    socket_.async_read_some(boost::asio::buffer(buffer_),
                            [self = shared_from_this()](boost::system::error_code error, std::size_t count) {
                                if (error) return self->lose();
                                self->take(count);
                                if (self->socket_.is_open()) self->read_later();
                            });
}

void Channel::read_later() {
    deaf_ = waiting_bytes_ > observer_.most_unread;
    if (deaf_) return;
    const Nanoseconds pause = observer_.pause ? observer_.pause() : Nanoseconds(0);
    if (pause.count() == 0) return read();
    timer_.expires_after(pause);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
        if (!error && self->socket_.is_open()) self->read();
    });
}

void Channel::take(std::size_t count) {
    reader_.add({buffer_.data(), count});
    const auto message = observer_.message;  // it may close us
    for (auto next = reader_.next(); next && observer_.message; next = reader_.next())
        message(std::move(*next));
    if (reader_.broken()) lose();
}

void Channel::send(const Message& message, std::shared_ptr<void> hold) {
    if (!socket_.is_open()) return;
    waiting_.push_back({encoded(message), std::move(hold)});
    waiting_bytes_ += waiting_.back().bytes.size();
    if (!writing_) write();
}

void Channel::write() {
    writing_ = true;
    boost::asio::async_write(socket_, boost::asio::buffer(waiting_.front().bytes),
                             [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                                 self->writing_ = false;
                                 if (error) {
                                     self->waiting_.clear();
                                     self->waiting_bytes_ = 0;
                                     return self->lose();
                                 }
                                 self->waiting_bytes_ -= self->waiting_.front().bytes.size();
                                 self->waiting_.pop_front();
                                 if (self->deaf_ && self->socket_.is_open()) self->read_later();
                                 if (!self->waiting_.empty()) return self->write();
                                 if (self->when_sent_) std::exchange(self->when_sent_, nullptr)();
                             });
}

void Channel::when_sent(std::function<void()> then) {
    if (!writing_) return then();
    when_sent_ = std::move(then);
}

void Channel::close() {
    observer_ = {};
    timer_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void Channel::lose() {
    const auto closed = std::exchange(observer_.closed, nullptr);
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (when_sent_) std::exchange(when_sent_, nullptr)();
    if (closed) closed(reader_.broken());
}

}  // namespace netcut
