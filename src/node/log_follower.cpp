// SPDX-License-Identifier: Apache-2.0
#include "node/log_follower.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <filesystem>

#include "user/as_user.h"

namespace netcut {
namespace {

thread_local std::array<char, 16 * 1024> piece;
constexpr int most_pieces_at_the_end = 4096;  // 64 MiB: a file may seem to be as large as it likes

}  // namespace

LogFollower::LogFollower(boost::asio::io_context& io, std::string path, User user, Fd copy, Observer observer)
    : io_(io),
      path_(std::move(path)),
      user_(std::move(user)),
      copy_(std::move(copy)),
      observer_(std::move(observer)) {}

Result<void> LogFollower::start(FolderWatch& folders) {
    const std::filesystem::path path(path_);
    const auto changed = [self = weak_from_this(), file = path.filename().string()](const std::string& name) {
        const auto follower = name == file ? self.lock() : nullptr;
        if (follower && !follower->reads_on_) follower->read_on();
    };
    if (auto added = folders.add(path.parent_path(), user_, changed); !added) {
        Error error = std::move(added).error();
        error.attempt = "follow the log " + path_ + ": " + error.attempt;
        error.kind = Error::Kind::usage;
        if (error.code == ENOENT) error.hint = "make it before the run, or write the log below {work}";
        return Failure(std::move(error));
    }
    if (open()) ::lseek(file_.get(), 0, SEEK_END);
    return {};
}

bool LogFollower::open() {
    if (file_) return true;
    const AsUser as_user(user_);
    Fd file(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat state {};
    // A FIFO or a device in its place is somebody else's.
    if (!file || ::fstat(file.get(), &state) != 0 || !S_ISREG(state.st_mode)) return false;
    file_ = std::move(file);
    return true;
}

bool LogFollower::is_replaced() {
    const AsUser as_user(user_);
    struct stat ours {
    }, there{};
    return ::fstat(file_.get(), &ours) == 0 && ::stat(path_.c_str(), &there) == 0 &&
           (ours.st_ino != there.st_ino || ours.st_dev != there.st_dev);
}

// Whether there may be more.
bool LogFollower::read_piece() {
    if (!open()) return false;
    struct stat state {};
    if (::fstat(file_.get(), &state) == 0 && ::lseek(file_.get(), 0, SEEK_CUR) > state.st_size)
        ::lseek(file_.get(), 0, SEEK_SET);  // it was cut short
    const ssize_t count = ::read(file_.get(), piece.data(), piece.size());
    if (count < 0) {
        fail(system_failure("read the log " + path_).value());
        return false;
    }
    if (count == 0) {
        if (!is_replaced()) return false;
        file_.reset();
        return true;
    }
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(count));
    observer_.bytes(bytes);
    if (copy_)
        if (auto written = write_all(copy_.get(), bytes, "write the copy of the log " + path_); !written) {
            copy_.reset();
            fail(std::move(written).error());
        }
    return true;
}

// A piece in each turn of the loop, so that what is due is not late.
void LogFollower::read_on() {
    reads_on_ = read_piece();
    if (!reads_on_) return;
    boost::asio::post(io_, [self = weak_from_this()] {
        if (const auto follower = self.lock()) follower->read_on();
    });
}

void LogFollower::drain() {
    for (int pieces = 0; pieces < most_pieces_at_the_end && read_piece(); ++pieces) continue;
}

void LogFollower::fail(Error error) {
    if (observer_.failed) observer_.failed(std::move(error));
}

}  // namespace netcut
