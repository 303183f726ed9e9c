// SPDX-License-Identifier: Apache-2.0
#include "library/journal_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "library/record.h"

namespace netcut::v1 {
namespace {

constexpr std::size_t longest_line = std::size_t{16} << 20;  // bytes; the engine writes none that is longer

// Of a regular file, or -1. Nodes can put anything into the folder, also what would be waited for.
int open_regular(const std::string& path, struct stat& info) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) return fd;
    if (fd >= 0) ::close(fd);
    return -1;
}

ssize_t read_some(int fd, std::string& text) {
    std::array<char, 64 * 1024> buffer{};
    for (;;) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
        return count;
    }
}

std::string journal_in(const std::string& folder) {
    return folder + "/journal.jsonl";
}

}  // namespace

std::optional<std::string> read_file_of_run(const std::string& path, std::size_t most) {
    struct stat info {};
    const int fd = open_regular(path, info);
    if (fd < 0) return {};
    std::string text;
    ssize_t count = 1;
    while (count > 0 && text.size() <= most) count = read_some(fd, text);
    ::close(fd);
    if (count != 0) return {};
    return text;
}

JournalTail::JournalTail(std::string path, std::optional<Identity> earlier)
    : path_(std::move(path)), earlier_(earlier) {}

JournalTail::JournalTail(const std::string& folder) : path_(journal_in(folder)) {}

JournalTail JournalTail::of_next(const std::string& folder) {
    struct stat info {};
    const std::string path = journal_in(folder);
    std::optional<Identity> earlier;
    if (::stat(path.c_str(), &info) == 0) earlier = Identity(info.st_dev, info.st_ino);
    return JournalTail(path, earlier);
}

JournalTail::~JournalTail() {
    if (fd_ >= 0) ::close(fd_);
}

JournalTail::JournalTail(JournalTail&& other) noexcept
    : path_(std::move(other.path_)),
      earlier_(std::move(other.earlier_)),
      fd_(std::exchange(other.fd_, -1)),
      pending_(std::move(other.pending_)),
      begin_(other.begin_) {}

void JournalTail::open() {
    struct stat info {};
    fd_ = open_regular(path_, info);
    if (fd_ < 0 || !earlier_ || *earlier_ != Identity(info.st_dev, info.st_ino)) return;
    ::close(std::exchange(fd_, -1));
}

bool JournalTail::is_there() {
    if (fd_ < 0) open();
    return fd_ >= 0;
}

bool JournalTail::read_more() {
    if (!is_there()) return false;
    pending_.erase(0, std::exchange(begin_, 0));
    if (pending_.size() > longest_line) pending_.clear();
    return read_some(fd_, pending_) > 0;
}

std::optional<Event> JournalTail::next() {
    for (;;) {
        const std::size_t end = pending_.find('\n', begin_);
        if (end == std::string::npos) {
            if (!read_more()) return {};
            continue;
        }
        const std::string_view line = std::string_view(pending_).substr(begin_, end - begin_);
        auto event = event_of(line);
        begin_ = end + 1;
        if (event) return event;
    }
}

}  // namespace netcut::v1
