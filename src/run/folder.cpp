// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "netcut/run.h"

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
    if (!exists(path + "/journal.jsonl")) return std::string();
    for (int number = 1;; ++number) {
        const std::string free = fmt::format("{}.{}", path, number);
        if (::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, free.c_str(), RENAME_NOREPLACE) == 0) return free;
        if (errno != EEXIST)
            return system_failure(fmt::format("move the earlier run in {} to {}", path, free), hint);
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

}  // namespace

Result<RunFolder> RunFolder::create(const std::string& wanted, const std::string& name, const User& user) {
    const AsUser as_user(user);
    NETCUT_ASSIGN(const std::string path, choose_path(wanted, name));
    RunFolder folder(path, user);
    NETCUT_ASSIGN(folder.moved_, move_earlier_run(path));
    NETCUT_TRY(make_folders(path));
    for (const char* below : {"/logs", "/work"}) NETCUT_TRY(make_one(path + below));
    return folder;
}

Result<RunFolder> RunFolder::of_many(const std::string& wanted, const std::string& name, const User& user) {
    const AsUser as_user(user);
    NETCUT_ASSIGN(const std::string path, choose_path(wanted, name));
    NETCUT_TRY(make_folders(path));
    NETCUT_TRY(make_one(path + "/runs"));
    return RunFolder(path, user);
}

Result<RunFolder> RunFolder::open(const std::string& wanted, const User& user) {
    const AsUser as_user(user);
    NETCUT_ASSIGN(const std::string path, choose_path(wanted, {}));
    if (!exists(path + "/journal.jsonl") && !exists(path + "/verdict.json"))
        return usage_failure("read the run in " + path, "it has neither journal.jsonl nor verdict.json",
                             "name the folder that a run has left");
    return RunFolder(path, user);
}

Result<void> RunFolder::make_folder(const std::string& name) const {
    const AsUser as_user(user_);
    return make_one(path_ + "/" + name);
}

Result<Fd> RunFolder::create_file(const std::string& name, Open how) const {
    const AsUser as_user(user_);
    const std::string path = path_ + "/" + name;
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    Fd fd(::open(path.c_str(), how == Open::afresh ? flags | O_TRUNC : flags, 0644));
    if (!fd) return system_failure("create the file " + path, hint);
    return fd;
}

Result<void> RunFolder::write_file(const std::string& name, const std::string& text) const {
    // Written whole or not at all: readers of JSON want no half.
    const std::string unfinished = path_ + "/" + name + ".new";
    NETCUT_ASSIGN(const Fd fd, create_file(name + ".new"));
    const AsUser as_user(user_);
    if (auto written = write_all(fd.get(), text, "write the file " + path_ + "/" + name); !written) {
        ::unlink(unfinished.c_str());
        return written;
    }
    if (::rename(unfinished.c_str(), (path_ + "/" + name).c_str()) != 0)
        return system_failure("put the file " + path_ + "/" + name + " in place", hint);
    return {};
}

Result<Fd> RunFolder::open_file(const std::string& name) const {
    const AsUser as_user(user_);
    const std::string path = path_ + "/" + name;
    // Without O_NONBLOCK a FIFO in its place would be waited for.
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd) return system_failure("read " + path);
    struct stat state {};
    if (::fstat(fd.get(), &state) != 0) return system_failure("read " + path);
    if (!S_ISREG(state.st_mode)) return usage_failure("read " + path, "it is no regular file");
    return fd;
}

}  // namespace netcut
