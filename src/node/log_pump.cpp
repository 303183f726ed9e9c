// SPDX-License-Identifier: Apache-2.0
#include "node/log_pump.h"

#include <array>

namespace netcut {
namespace {

// One for all, since a thousand nodes have two thousand outputs. So small that the lines in it, even if every
// one of them does something, take milliseconds.
thread_local std::array<char, 16 * 1024> buffer;

}  // namespace

LogPump::LogPump(boost::asio::io_context& io, Fd source, Fd log, std::string name, Observer observer)
    : source_(io, source.release()),
      turns_(boost::asio::use_service<PumpTurns>(io)),
      log_(std::move(log)),
      name_(std::move(name)),
      observer_(std::move(observer)) {
    source_.non_blocking(true);
}

void LogPump::await() {
    source_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](boost::system::error_code error) {
                           if (error != boost::asio::error::operation_aborted) self->turns_.add(self);
                       });
}

bool LogPump::take_piece() {
    if (!source_.is_open()) return false;
    idle_ = held_;
    if (idle_) return false;
    boost::system::error_code error;
    const std::size_t count = source_.read_some(boost::asio::buffer(buffer), error);
    if (count > 0) take(count);
    if (!source_.is_open()) return false;  // somebody who was shown it has stopped us
    if (count == buffer.size()) return true;
    // A pseudo-terminal ends with EIO, a pipe with end of file.
    if (error && error != boost::asio::error::would_block)
        observer_.ended();
    else
        await();
    return false;
}

void LogPump::take(std::size_t count) {
    const std::string_view bytes(buffer.data(), count);
    observer_.bytes(bytes);
    if (!log_) return;
    if (auto written = write_all(log_.get(), bytes, "write the log of " + name_); !written) {
        log_.reset();
        observer_.log_failed(std::move(written).error());
    }
}

void LogPump::hold(bool held) {
    held_ = held;
    if (!held && std::exchange(idle_, false)) await();
}

void LogPump::stop() {
    boost::system::error_code ignored;
    source_.close(ignored);
}

}  // namespace netcut
