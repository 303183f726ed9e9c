// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/sources.h"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <system_error>
#include <thread>

#include "base/json.h"
#include "base/thread.h"

namespace netcut {
namespace {

constexpr std::size_t piece = 64 << 10;
constexpr std::size_t longest_line = 1 << 20;
constexpr std::size_t bytes_of_a_look = 16 << 20;
constexpr unsigned looks_at_once = 8;  // of one user
constexpr auto between_looks = std::chrono::milliseconds(50);

}  // namespace

FileSource::FileSource(boost::asio::io_context& io, BrokerLink& broker, const HttpRequest& asked, What what)
    : broker_(broker), asked_by_(asked.peer), what_(std::move(what)), account_(asked.account), timer_(io) {}

std::string FileSource::look() {
    more_ = false;
    if (what_.lines) return read_lines();
    std::string bytes = read(piece);
    what_.offset += bytes.size();
    return bytes;
}

std::string FileSource::read(std::size_t size) const {
    std::string bytes(size, '\0');
    const ssize_t count = ::pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(what_.offset));
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
}

// The next whole lines that are not skipped. A line is read again until its end is there, so that none of it is
// kept between two looks.
std::string FileSource::read_lines() {
    std::size_t size = piece;
    for (std::size_t read_so_far = 0; read_so_far < bytes_of_a_look && !abandoned_;) {
        std::string bytes = read(size);
        read_so_far += bytes.size();
        const std::size_t end = bytes.rfind('\n') + 1;  // 0 if there is none
        torn_ = bytes.size() - end;
        if (end == 0 && (bytes.size() < size || size == longest_line)) {
            is_journal_ = bytes.size() < longest_line;
            return {};
        }
        size = end == 0 ? longest_line : piece;
        bytes.resize(end);
        what_.offset += end;
        skip_lines(bytes);
        if (what_.reduce) reduce(bytes);
        if (!bytes.empty()) return bytes;
    }
    more_ = true;
    return {};
}

void FileSource::skip_lines(std::string& lines) {
    std::size_t begin = 0;
    for (; what_.skip > 0 && begin < lines.size(); --what_.skip) begin = lines.find('\n', begin) + 1;
    lines.erase(0, begin);
}

void FileSource::reduce(std::string& lines) const {
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = lines.find('\n', begin)) != std::string::npos; begin = end + 1)
        what_.reduce(std::string_view(lines).substr(begin, end - begin));
    lines.clear();
}

std::string FileSource::end() {
    std::string last;
    if (failure_) last += Json{{"problem", error_json(*failure_)}}.dump() + "\n";
    if (torn_ > 0 && !what_.reduce)
        last += Json{{"event", "journal.torn"}, {"details", {{"bytes", torn_}}}}.dump() + "\n";
    if (what_.suffix) last += what_.suffix();
    ended_ = true;
    return last;
}

void FileSource::begin(std::function<void(Result<void>)> then) {
    if (!what_.prefix.empty()) return then({});
    if (what_.folder.empty()) return then(usage_failure("read " + what_.file, "the run has not begun"));
    begun_ = std::move(then);
    go_on();
}

void FileSource::next(std::function<void(std::string)> take) {
    if (ended_) return take({});
    if (!what_.prefix.empty()) return take(std::exchange(what_.prefix, {}));
    take_ = std::move(take);
    go_on();
}

void FileSource::go_on() {
    if (account_->looks >= looks_at_once || account_->cpu.wait().count() > 0) return later();
    if (file_) return begin_look();
    ask_for_file();
}

void FileSource::ask_for_file() {
    const bool over = what_.over();  // before it is looked for: then it will not come
    auto held = std::make_shared<Held<unsigned>>(account_, &Account::looks, 1U);
    broker_.open(asked_by_, what_.user, what_.folder, what_.file,
                 [self = shared_from_this(), held = std::move(held), over](Result<Fd> file) mutable {
                     held.reset();
                     self->take_file(std::move(file), over);
                 });
}

void FileSource::take_file(Result<Fd> file, bool over) {
    Bill::to(account_);
    failure_.reset();
    if (file) {
        file_ = std::move(*file);
        asked_by_.connection.reset();
    } else {
        failure_ = file.error();
    }
    if (!begun_) return finish_look({}, over, Nanoseconds(0));
    const bool to_come = failure_ && failure_->code == ENOENT && !over;
    if (to_come && what_.follow) return later();
    ended_ = failure_.has_value();
    const bool refused = ended_ && !to_come;
    if (refused && what_.refused) what_.refused();
    std::exchange(begun_, nullptr)(refused ? Result<void>(Failure(*failure_)) : Result<void>());
}

void FileSource::begin_look() {
    const bool over = what_.over();  // before reading: then that was the last of it
    auto held = std::make_shared<Held<unsigned>>(account_, &Account::looks, 1U);
    try {
        std::thread([self = shared_from_this(), held, over]() mutable {
            std::string bytes = self->look();
            const auto io = self->timer_.get_executor();
            boost::asio::post(io, [self = std::move(self), held = std::move(held), over,
                                   bytes = std::move(bytes), cpu_time = thread_cpu_time()]() mutable {
                held.reset();
                self->finish_look(std::move(bytes), over, cpu_time);
            });
        }).detach();
    } catch (const std::system_error&) {  // there may be more threads later
        later();
    }
}

void FileSource::finish_look(std::string bytes, bool over, Nanoseconds cpu_time) {
    account_->cpu.charge(cpu_time);
    Bill::to(account_);
    if (!take_) return;
    const bool last = over || !what_.follow;
    if (bytes.empty() && ((last && !more_) || !is_journal_)) bytes = end();
    if (bytes.empty() && !ended_) return later();
    std::exchange(take_, nullptr)(std::move(bytes));
}

void FileSource::later() {
    timer_.expires_after(between_looks);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (!error && self && (self->begun_ || self->take_)) self->go_on();
    });
}

void FileSource::abandon() {
    abandoned_ = true;
    begun_ = nullptr;
    take_ = nullptr;
    timer_.cancel();
    if (!ended_ && what_.abandoned) what_.abandoned();
    ended_ = true;
}

}  // namespace netcut
