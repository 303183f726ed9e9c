// SPDX-License-Identifier: Apache-2.0
#include "node/log_pump.h"

namespace netcut {
namespace {

constexpr std::size_t buffer_size = 64 * 1024;  // what a pipe holds by default (pipe(7))

}  // namespace

LogPump::LogPump(boost::asio::io_context& io, Fd source, Fd log, std::string name, Observer observer)
    : source_(io, source.release()),
      log_(std::move(log)),
      name_(std::move(name)),
      observer_(std::move(observer)),
      buffer_(buffer_size) {}

void LogPump::read() {
    source_.async_read_some(boost::asio::buffer(buffer_),
                            [self = shared_from_this()](boost::system::error_code error, std::size_t count) {
                                if (count > 0) self->take(count);
                                if (error == boost::asio::error::operation_aborted) return;
                                // A pseudo-terminal ends with EIO, a pipe with end of file.
                                if (!error) return self->read();
                                self->observer_.ended();
                            });
}

void LogPump::take(std::size_t count) {
    const std::string_view bytes(buffer_.data(), count);
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
