// SPDX-License-Identifier: Apache-2.0
#include "daemon/line_channel.h"

#include <boost/asio/write.hpp>

namespace netcut {
namespace {

// Of one line. Longer ones are of no worker of ours.
constexpr std::size_t longest_line = 16 << 20;

}  // namespace

LineChannel::LineChannel(boost::asio::io_context& io, Fd socket, Observer observer)
    : socket_(io, boost::asio::local::stream_protocol(), socket.release()), observer_(std::move(observer)) {}

void LineChannel::read() {
    socket_.async_read_some(boost::asio::buffer(buffer_),
                            [self = shared_from_this()](boost::system::error_code error, std::size_t count) {
                                if (error) return self->lose();
                                self->take(count);
                                if (self->socket_.is_open()) self->read();
                            });
}

void LineChannel::take(std::size_t count) {
    partial_.append(buffer_.data(), count);
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = partial_.find('\n', begin)) != std::string::npos; begin = end + 1) {
        const Json message = Json::parse(partial_.substr(begin, end - begin), nullptr, false);
        if (!message.is_object()) return lose();
        if (observer_.message) observer_.message(message);
    }
    partial_.erase(0, begin);
    if (partial_.size() > longest_line) lose();
}

void LineChannel::send(const Json& message) {
    if (!socket_.is_open()) return;
    waiting_.push_back(message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    if (!writing_) write();
}

void LineChannel::write() {
    writing_ = true;
    boost::asio::async_write(socket_, boost::asio::buffer(waiting_.front()),
                             [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                                 self->writing_ = false;
                                 if (error) return self->lose();
                                 self->waiting_.pop_front();
                                 if (!self->waiting_.empty()) return self->write();
                                 if (self->when_sent_) std::exchange(self->when_sent_, nullptr)();
                             });
}

void LineChannel::when_sent(std::function<void()> then) {
    if (!writing_) return then();
    when_sent_ = std::move(then);
}

void LineChannel::close() {
    observer_ = {};
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void LineChannel::lose() {
    const auto closed = std::exchange(observer_.closed, nullptr);
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (when_sent_) std::exchange(when_sent_, nullptr)();
    if (closed) closed();
}

Json error_json(const Error& error) {
    return {{"kind", error_kind_name(error.kind)},
            {"attempt", error.attempt},
            {"code", error.code},
            {"reason", error.reason},
            {"hint", error.hint},
            {"text", error.text()}};
}

Error error_of_json(const Json& json) {
    const std::string kind = json.value("kind", "");
    return {kind == "usage"     ? Error::Kind::usage
            : kind == "machine" ? Error::Kind::machine
                                : Error::Kind::internal,
            json.value("attempt", ""), json.value("code", 0), json.value("reason", ""),
            json.value("hint", "")};
}

}  // namespace netcut
