// SPDX-License-Identifier: Apache-2.0
#include "folder/log_times.h"

#include <fmt/format.h>

#include <iterator>

namespace netcut {
namespace {

constexpr Nanoseconds same_moment = std::chrono::milliseconds(1);
constexpr Nanoseconds longest_unwritten = std::chrono::seconds(1);
constexpr std::size_t most_unwritten = std::size_t{64} << 10;  // bytes

}  // namespace

LogTimes::LogTimes(Fd file) : file_(std::move(file)), rows_("t_us,node,stream,bytes\n") {}

Result<void> LogTimes::take(Nanoseconds t, const std::string& node, std::string_view stream,
                            std::size_t bytes) {
    if (row_.bytes > 0 && row_.node == node && row_.stream == stream && t - row_.t < same_moment) {
        row_.bytes += bytes;
        return {};
    }
    end_row();
    row_ = {t, node, std::string(stream), bytes};
    if (rows_.size() < most_unwritten && t - written_ < longest_unwritten) return {};
    written_ = t;
    return flush();
}

void LogTimes::end_row() {
    if (row_.bytes == 0) return;
    fmt::format_to(std::back_inserter(rows_), "{},{},{},{}\n", row_.t.count() / 1000, row_.node, row_.stream,
                   row_.bytes);
    row_.bytes = 0;
}

Result<void> LogTimes::flush() {
    end_row();
    if (!file_) return {};
    auto written = write_all(file_.get(), rows_, "write the times of log lines");
    if (!written) file_.reset();
    rows_.clear();
    return written;
}

}  // namespace netcut
