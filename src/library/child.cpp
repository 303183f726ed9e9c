// SPDX-License-Identifier: Apache-2.0
#include "library/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "netcut/netcut.h"

namespace netcut::v1 {
namespace {

constexpr off_t most_said = 64 * 1024;  // bytes

[[noreturn]] void fail(const std::string& attempt, int code) {
    throw Error(Error::Kind::machine, "cannot " + attempt + ": " + std::strerror(code));
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

// A file in no folder: a pipe would have to be emptied, or filled, while the program runs. Its number is none of
// those that the program gets, which the caller may have closed.
int memory_file() {
    const Descriptor file(::memfd_create("netcut", MFD_CLOEXEC));
    const int fd = file.get() < 0 ? -1 : ::fcntl(file.get(), F_DUPFD_CLOEXEC, 3);
    if (fd < 0) fail("make a file in memory", errno);
    return fd;
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("write a file in memory", errno);
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

class SpawnSettings {
  public:
    // Whatever the caller has done with its signals, the program begins as from a shell.
    SpawnSettings(int input, int said) {
        ::posix_spawn_file_actions_init(&files_);
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawn_file_actions_adddup2(&files_, input, STDIN_FILENO);
        ::posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        ::posix_spawn_file_actions_adddup2(&files_, said, STDERR_FILENO);
        sigset_t signals;
        sigemptyset(&signals);
        ::posix_spawnattr_setsigmask(&attributes_, &signals);
        sigfillset(&signals);
        ::posix_spawnattr_setsigdefault(&attributes_, &signals);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnSettings() {
        ::posix_spawn_file_actions_destroy(&files_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;

    int spawn(pid_t& pid, std::vector<std::string>& words) const {
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        return ::posix_spawnp(&pid, arguments.front(), &files_, &attributes_, arguments.data(), environ);
    }

  private:
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace

Child::Child(std::vector<std::string> words, std::string_view input) {
    const Descriptor given(memory_file());
    write_all(given.get(), input);
    ::lseek(given.get(), 0, SEEK_SET);
    Descriptor said(memory_file());
    ::fcntl(said.get(), F_SETFL, O_APPEND);
    const int error = SpawnSettings(given.get(), said.get()).spawn(pid_, words);
    if (error != 0) fail("start " + words.front(), error);
    process_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    said_ = said.release();
}

Child::~Child() {
    await_end();
    if (process_ >= 0) ::close(process_);
    ::close(said_);
}

// Without a pidfd, for want of descriptors, say, each look takes all of the time.
bool Child::has_ended(std::chrono::milliseconds patience) {
    if (status_) return true;
    pollfd waiting{process_, POLLIN, 0};
    ::poll(&waiting, 1, static_cast<int>(patience.count()));
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}

void Child::signal(int number) const {
    if (!status_) ::kill(pid_, number);
}

int Child::await_end() {
    while (!has_ended(std::chrono::seconds(1))) continue;
    return *status_;
}

std::string Child::said() const {
    const off_t size = ::lseek(said_, 0, SEEK_END);
    std::string text(static_cast<std::size_t>(std::clamp(size, off_t{0}, most_said)), '\0');
    const ssize_t count = ::pread(said_, text.data(), text.size(), size - static_cast<off_t>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, count)));
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

}  // namespace netcut::v1
