// SPDX-License-Identifier: Apache-2.0
#include "node/log_pump.h"

#include <array>

namespace netcut {
namespace {

// What a pipe holds by default (pipe(7)). One for all, since a thousand nodes have two thousand outputs.
thread_local std::array<char, 64 * 1024> buffer;

}  // namespace

LogPump::LogPump(boost::asio::io_context& io, Fd source, Fd log, std::string name, Observer observer)
    : source_(io, source.release()),
      log_(std::move(log)),
      name_(std::move(name)),
      observer_(std::move(observer)) {
    source_.non_blocking(true);
}

void LogPump::read() {
    source_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](boost::system::error_code error) {
                           std::size_t count = 0;
                           if (!error) count = self->source_.read_some(boost::asio::buffer(buffer), error);
                           if (count > 0) self->take(count);
                           if (error == boost::asio::error::operation_aborted) return;
                           // A pseudo-terminal ends with EIO, a pipe with end of file.
                           if (!error || error == boost::asio::error::would_block) return self->read();
                           self->observer_.ended();
                       });
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

void LogPump::stop() {
    boost::system::error_code ignored;
    source_.close(ignored);
}

}  // namespace netcut
