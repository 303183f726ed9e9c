// SPDX-License-Identifier: Apache-2.0
#include "folder/folder.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "folder/folder_lock.h"
#include "user/as_user.h"

namespace netcut {
namespace {

constexpr const char* hint = "choose another folder with --out";

Result<void> make_one(const std::string& path) {
    if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
    return system_failure("create the folder " + path, hint);
}

Result<void> make_folders(const std::string& path) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
        NETCUT_TRY(make_one(path.substr(0, slash)));
    return make_one(path);
}

// Below a run's folder no link is followed: a node may have put one there, or who owns the folder above it.
Fd open_below(int folder, const std::string& name, int flags, mode_t mode = 0) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    return Fd(static_cast<int>(::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof(how))));
}

Result<void> must_be_regular(const Fd& fd, const std::string& attempt) {
    struct stat state {};
    if (::fstat(fd.get(), &state) != 0) return system_failure(attempt);
    if (!S_ISREG(state.st_mode)) return usage_failure(attempt, "it is no regular file");
    return {};
}

// What a run writes has none. A file that a node has made may seem to be as large as it likes.
Result<void> must_be_without_holes(const Fd& fd, const std::string& attempt) {
    struct stat state {};
    if (::fstat(fd.get(), &state) != 0) return system_failure(attempt);
    const off_t hole = state.st_size > 0 ? ::lseek(fd.get(), 0, SEEK_HOLE) : 0;
    if (hole >= 0 && hole < state.st_size)
        return usage_failure(attempt, "it has holes, and no run has written it", "delete it");
    if (::lseek(fd.get(), 0, SEEK_SET) < 0) return system_failure(attempt);
    return {};
}

Result<std::string> absolute(const std::string& path) {
    if (path.starts_with('/')) return path;
    char* here = ::getcwd(nullptr, 0);
    if (here == nullptr) return system_failure("find the working directory", "change to one that exists");
    const std::string result = std::string(here) + "/" + path;
    ::free(here);
    return result;
}

bool exists(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_EACCESS) == 0;
}

Result<std::string> move_earlier_run(const std::string& path) {
    for (int number = 1;; ++number) {
        const std::string free = fmt::format("{}.{}", path, number);
        if (::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, free.c_str(), RENAME_NOREPLACE) == 0) return free;
        if (errno != EEXIST)
            return system_failure(fmt::format("move the earlier run in {} to {}", path, free), hint);
    }
}

bool is_at(const Fd& folder, const std::string& path) {
    struct stat ours {
    }, there{};
    return ::fstat(folder.get(), &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

// The folder at `path`, made if there is none, and with its lock.
Result<Fd> open_to_write(const std::string& path) {
    for (;;) {
        NETCUT_TRY(make_folders(path));
        Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd) return system_failure("open the folder " + path, hint);
        NETCUT_TRY(lock_folder(fd, path));
        if (is_at(fd, path)) return fd;  // else another run has moved it meanwhile
    }
}

Result<std::string> choose_path(const std::string& wanted, const std::string& name) {
    std::string path = wanted;
    if (path.empty()) {
        const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
        // The process id keeps runs of the same second apart.
        path = fmt::format("netcut-runs/{:%Y%m%d-%H%M%S}-{}-{}", fmt::localtime(now), name, ::getpid());
    }
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return absolute(path);
}

std::string folder_above(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

// A convenience: without it nothing is missing.
void let_latest_lead_to(const std::string& path) {
    const std::string link = folder_above(path) + "/latest",
                      unfinished = fmt::format("{}.new.{}", link, ::getpid());
    if (::symlink(path.substr(path.rfind('/') + 1).c_str(), unfinished.c_str()) != 0) return;
    if (::rename(unfinished.c_str(), link.c_str()) != 0) ::unlink(unfinished.c_str());
}

}  // namespace

Result<RunFolder> RunFolder::create(const std::string& wanted, const std::string& name, const User& user) {
    const AsUser as_user(user);
    NETCUT_ASSIGN(const std::string path, choose_path(wanted, name));
    std::string moved;
    NETCUT_ASSIGN(Fd fd, open_to_write(path));
    while (::faccessat(fd.get(), "journal.jsonl", F_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) == 0) {
        NETCUT_ASSIGN(moved, move_earlier_run(path));
        NETCUT_ASSIGN(fd, open_to_write(path));
    }
    RunFolder folder(path, user, std::make_shared<const Fd>(std::move(fd)), std::move(moved));
    for (const char* below : {"logs", "work"}) NETCUT_TRY(folder.make_folder(below));
    if (wanted.empty()) folder.join_collection();
    return folder;
}

Result<RunFolder> RunFolder::of_many(const std::string& wanted, const std::string& name, const User& user) {
    const AsUser as_user(user);
    NETCUT_ASSIGN(const std::string path, choose_path(wanted, name));
    NETCUT_ASSIGN(Fd fd, open_to_write(path));
    RunFolder folder(path, user, std::make_shared<const Fd>(std::move(fd)));
    NETCUT_TRY(folder.make_folder("runs"));
    if (wanted.empty()) folder.join_collection();
    return folder;
}

void RunFolder::join_collection() {
    collection_ = folder_above(path_);
    let_latest_lead_to(path_);
}

Result<RunFolder> RunFolder::around_runs(const std::string& wanted, const User& user) {
    const AsUser as_user(user);
    NETCUT_ASSIGN(const std::string path, choose_path(wanted, {}));
    Fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return system_failure("open the folder " + path, hint);
    return RunFolder(path, user, std::make_shared<const Fd>(std::move(fd)));
}

Result<RunFolder> RunFolder::open(const std::string& wanted, const User& user) {
    const AsUser as_user(user);
    NETCUT_ASSIGN(const std::string path, choose_path(wanted, {}));
    if (!exists(path + "/journal.jsonl") && !exists(path + "/verdict.json"))
        return Failure(Error{Error::Kind::usage, "read the run in " + path, ENOENT,
                             "it has neither journal.jsonl nor verdict.json",
                             "name the folder that a run has left"});
    Fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return system_failure("open the folder " + path, hint);
    return RunFolder(path, user, std::make_shared<const Fd>(std::move(fd)));
}

std::string RunFolder::path_that_stays() const {
    return fmt::format("/proc/self/fd/{}", folder_->get());
}

Result<void> RunFolder::make_folder(const std::string& name) const {
    const AsUser as_user(user_);
    const std::string attempt = "create the folder " + path_ + "/" + name;
    if (::mkdirat(folder_->get(), name.c_str(), 0755) != 0 && errno != EEXIST)
        return system_failure(attempt, hint);
    if (!open_below(folder_->get(), name, O_PATH | O_DIRECTORY))
        return system_failure(attempt, errno == ELOOP ? "there is a link of that name: delete it" : hint);
    return {};
}

Result<Fd> RunFolder::create_file(const std::string& name, Open how) const {
    const AsUser as_user(user_);
    const std::string attempt = "create the file " + path_ + "/" + name;
    // Without O_NONBLOCK the reader of a FIFO in its place would be waited for.
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | (how == Open::afresh ? O_TRUNC : 0);
    Fd fd = open_below(folder_->get(), name, flags, 0644);
    if (!fd) return system_failure(attempt, errno == ELOOP ? "there is a link on the way: delete it" : hint);
    NETCUT_TRY(must_be_regular(fd, attempt));
    return fd;
}

Result<void> RunFolder::write_file(const std::string& name, const std::string& text) const {
    const std::string attempt = "write the file " + path_ + "/" + name;
    // Written whole or not at all: readers of JSON want no half.
    NETCUT_ASSIGN(const Fd fd, create_file(name + ".new"));
    const AsUser as_user(user_);
    const std::size_t slash = name.rfind('/');
    const std::string file = slash == std::string::npos ? name : name.substr(slash + 1);
    const Fd folder = open_below(folder_->get(), slash == std::string::npos ? "." : name.substr(0, slash),
                                 O_PATH | O_DIRECTORY);
    if (!folder) return system_failure(attempt, hint);
    const std::string unfinished = file + ".new";
    if (auto written = write_all(fd.get(), text, attempt); !written) {
        ::unlinkat(folder.get(), unfinished.c_str(), 0);
        return written;
    }
    if (::renameat(folder.get(), unfinished.c_str(), folder.get(), file.c_str()) != 0)
        return system_failure("put the file " + path_ + "/" + name + " in place", hint);
    return {};
}

Result<Fd> RunFolder::open_file(const std::string& name) const {
    const AsUser as_user(user_);
    const std::string attempt = "read " + path_ + "/" + name;
    // Without O_NONBLOCK a FIFO in its place would be waited for.
    Fd fd = open_below(folder_->get(), name, O_RDONLY | O_NONBLOCK);
    if (!fd) return system_failure(attempt);
    NETCUT_TRY(must_be_regular(fd, attempt));
    NETCUT_TRY(must_be_without_holes(fd, attempt));
    return fd;
}

}  // namespace netcut
