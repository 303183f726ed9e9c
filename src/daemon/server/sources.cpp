// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/sources.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <system_error>
#include <thread>

namespace netcut {
namespace {

constexpr std::size_t piece = 64 << 10;
constexpr std::size_t longest_line = 1 << 20;
constexpr std::size_t bytes_of_a_look = 16 << 20;
constexpr unsigned looks_at_once = 8;  // of one user
constexpr auto between_looks = std::chrono::milliseconds(50);

// Leaves this thread what AsUser needs. To have the user's ids for files would not do: CAP_SYS_PTRACE opens what
// is behind /proc/PID/cwd and /proc/PID/root.
void keep_few_capabilities() {
    constexpr std::uint32_t kept = (1U << CAP_SETUID) | (1U << CAP_SETGID);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
    if (::syscall(SYS_capget, &header, sets) != 0) std::abort();
    __user_cap_data_struct fewer[_LINUX_CAPABILITY_U32S_3] = {};
    fewer[0].permitted = fewer[0].effective = sets[0].permitted & kept;
    if (::syscall(SYS_capset, &header, fewer) != 0) std::abort();  // to give some up is always allowed
}

}  // namespace

FileSource::FileSource(boost::asio::io_context& io, std::shared_ptr<Account> account, What what)
    : what_(std::move(what)), account_(std::move(account)), timer_(io) {}

std::string FileSource::look(bool at_bytes) {
    more_ = false;
    keep_few_capabilities();
    if (!file_) open();
    if (!file_ || !at_bytes) return {};
    if (what_.lines) return read_lines();
    std::string bytes = read(piece);
    what_.offset += bytes.size();
    return bytes;
}

void FileSource::open() {
    const auto folder = RunFolder::open(what_.folder, what_.user);
    auto file = folder ? folder->open_file(what_.file) : Result<Fd>(Failure(folder.error()));
    failure_.reset();
    if (!file) failure_ = file.error();
    may_come_ = !folder || (!file && file.error().code == ENOENT);
    if (file) file_ = std::move(*file);
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

std::string FileSource::end() {
    std::string last;
    if (failure_) last += Json{{"problem", error_json(*failure_)}}.dump() + "\n";
    if (torn_ > 0) last = Json{{"event", "journal.torn"}, {"details", {{"bytes", torn_}}}}.dump() + "\n";
    if (what_.suffix) last += what_.suffix();
    ended_ = true;
    return last;
}

void FileSource::begin(std::function<void(Result<void>)> then) {
    if (!what_.prefix.empty()) return then({});
    if (what_.folder.empty()) return then(usage_failure("read " + what_.file, "the run has not begun"));
    begun_ = std::move(then);
    begin_look();
}

void FileSource::next(std::function<void(std::string)> take) {
    if (ended_) return take({});
    if (!what_.prefix.empty()) return take(std::exchange(what_.prefix, {}));
    take_ = std::move(take);
    begin_look();
}

void FileSource::begin_look() {
    if (account_->looks >= looks_at_once || account_->cpu.wait().count() > 0) return look_again();
    const bool over = what_.over();  // before reading: then that was the last of it
    auto held = std::make_shared<Held<unsigned>>(account_, &Account::looks, 1U);
    try {
        std::thread([self = shared_from_this(), held, over, at_bytes = !begun_]() mutable {
            std::string bytes = self->look(at_bytes);
            const auto io = self->timer_.get_executor();
            boost::asio::post(io, [self = std::move(self), held = std::move(held), over,
                                   bytes = std::move(bytes), cpu_time = thread_cpu_time()]() mutable {
                held.reset();
                self->finish_look(std::move(bytes), over, cpu_time);
            });
        }).detach();
    } catch (const std::system_error&) {  // there may be more threads later
        look_again();
    }
}

void FileSource::finish_look(std::string bytes, bool over, Nanoseconds cpu_time) {
    account_->cpu.charge(cpu_time);
    Bill::to(account_);
    if (begun_) return finish_begin(over);
    if (!take_) return;
    const bool last = over || !what_.follow;
    if (bytes.empty() && ((last && !more_) || !is_journal_)) bytes = end();
    if (bytes.empty() && !ended_) return look_again();
    std::exchange(take_, nullptr)(std::move(bytes));
}

void FileSource::finish_begin(bool over) {
    const bool to_come = may_come_ && !over;
    if (to_come && what_.follow) return look_again();
    ended_ = failure_.has_value();
    const bool refused = ended_ && !to_come;
    if (refused && what_.refused) what_.refused();
    std::exchange(begun_, nullptr)(refused ? Result<void>(Failure(*failure_)) : Result<void>());
}

void FileSource::look_again() {
    timer_.expires_after(between_looks);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (!error && self && (self->begun_ || self->take_)) self->begin_look();
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
