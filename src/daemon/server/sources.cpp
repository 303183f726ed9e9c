// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/sources.h"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <system_error>
#include <thread>

namespace netcut {
namespace {

constexpr std::size_t piece = 64 << 10;
constexpr auto between_looks = std::chrono::milliseconds(50);
// Of what nobody has read yet; what a command prints beyond it is left out.
constexpr std::size_t most_waiting = 8 << 20;

}  // namespace

FileSource::FileSource(boost::asio::io_context& io, What what) : what_(std::move(what)), timer_(io) {}

Result<void> FileSource::open() {
    if (what_.folder.empty()) return usage_failure("read " + what_.file, "the run has not begun");
    NETCUT_ASSIGN(const RunFolder folder, RunFolder::open(what_.folder, what_.user));
    NETCUT_ASSIGN(file_, folder.open_file(what_.file));
    return {};
}

std::string FileSource::read() {
    if (!file_ && !open()) return {};
    std::string bytes(piece, '\0');
    const ssize_t count = ::pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(what_.offset));
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    what_.offset += bytes.size();
    return what_.lines ? whole_lines(std::move(bytes)) : bytes;
}

std::string FileSource::whole_lines(std::string bytes) {
    partial_ += bytes;
    const std::size_t end = partial_.rfind('\n');
    if (end == std::string::npos) return {};
    std::string lines = partial_.substr(0, end + 1);
    partial_.erase(0, end + 1);
    while (what_.skip > 0 && !lines.empty()) {
        lines.erase(0, lines.find('\n') + 1);
        --what_.skip;
    }
    return lines;
}

std::string FileSource::end() {
    std::string last;
    if (!partial_.empty())
        last = Json{{"event", "journal.torn"}, {"details", {{"bytes", partial_.size()}}}}.dump() + "\n";
    if (what_.suffix) last += what_.suffix();
    ended_ = true;
    return last;
}

void FileSource::next(std::function<void(std::string)> take) {
    if (ended_) return take({});
    if (!what_.prefix.empty()) return take(std::exchange(what_.prefix, {}));
    take_ = std::move(take);
    look();
}

// Goes on over lines that are skipped, and through a long one.
std::string FileSource::read_on() {
    const std::uint64_t before = what_.offset;
    std::string bytes = read();
    while (bytes.empty() && what_.offset > before && what_.lines && what_.offset - before < (piece << 8)) {
        const std::uint64_t at = what_.offset;
        bytes = read();
        if (what_.offset == at) break;
    }
    return bytes;
}

void FileSource::look() {
    const bool over = !what_.follow || what_.over();  // before reading: then that was the last of it
    try {
        std::thread([self = shared_from_this(), over]() mutable {
            std::string bytes = self->read_on();
            const auto io = self->timer_.get_executor();
            boost::asio::post(io, [self = std::move(self), over, bytes = std::move(bytes)]() mutable {
                self->finish_look(std::move(bytes), over);
            });
        }).detach();
    } catch (const std::system_error&) {  // there may be more threads later
        look_again();
    }
}

void FileSource::finish_look(std::string bytes, bool over) {
    if (!take_) return;
    if (bytes.empty() && over) bytes = end();
    if (bytes.empty() && !ended_) return look_again();
    std::exchange(take_, nullptr)(std::move(bytes));
}

void FileSource::look_again() {
    timer_.expires_after(between_looks);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (!error && self && self->take_) self->look();
    });
}

void FileSource::abandon() {
    take_ = nullptr;
    timer_.cancel();
    if (!ended_ && what_.abandoned) what_.abandoned();
    ended_ = true;
}

void QueueSource::put(std::string bytes) {
    if (waiting_.size() < most_waiting) waiting_ += bytes;
    hand_over();
}

void QueueSource::finish() {
    finished_ = true;
    hand_over();
}

void QueueSource::next(std::function<void(std::string)> take) {
    take_ = std::move(take);
    hand_over();
}

void QueueSource::hand_over() {
    if (!take_ || (waiting_.empty() && !finished_)) return;
    std::exchange(take_, nullptr)(std::exchange(waiting_, {}));
}

}  // namespace netcut
