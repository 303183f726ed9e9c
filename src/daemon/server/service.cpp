// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/service.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace netcut {
namespace {

constexpr int first_passed = 3;     // SD_LISTEN_FDS_START
constexpr int backlog = SOMAXCONN;  // who floods it shall not keep others out

std::optional<unsigned long> number(const char* text) {
    if (text == nullptr) return {};
    unsigned long value = 0;
    const char* end = text + std::strlen(text);
    const auto [rest, error] = std::from_chars(text, end, value);
    if (error != std::errc() || rest != end || rest == text) return {};
    return value;
}

std::optional<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    if (path.empty() || path.size() >= sizeof(address.sun_path)) return {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

bool somebody_listens(const sockaddr_un& address) {
    const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(probe.get(), generic(address), sizeof(address)) == 0;
}

}  // namespace

Result<std::optional<Fd>> activated_socket() {
    const auto pid = number(std::getenv("LISTEN_PID"));
    const auto count = number(std::getenv("LISTEN_FDS"));
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
    if (!pid || !count || *pid != static_cast<unsigned long>(::getpid()) || *count == 0) return std::nullopt;
    if (*count != 1)
        return usage_failure("take the socket that was passed on", "there is more than one",
                             "give the unit one ListenStream=");
    ::fcntl(first_passed, F_SETFD, FD_CLOEXEC);
    return Fd(first_passed);
}

Result<Fd> listen_at(const std::string& path, std::optional<unsigned> group) {
    const std::string attempt = "listen at " + path;
    const auto address = address_of(path);
    if (!address) return usage_failure(attempt, "the path is empty or too long", "it may have 107 bytes");
    if (somebody_listens(*address)) return usage_failure(attempt, "another daemon does", "stop that one");
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0 && !S_ISSOCK(info.st_mode))
        return usage_failure(attempt, "there is a file that is no socket");
    ::unlink(path.c_str());
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return system_failure(attempt);
    // Nobody gets in between its making and its permissions.
    const mode_t before = ::umask(0177);
    const int bound = ::bind(socket.get(), generic(*address), sizeof(*address));
    ::umask(before);
    if (bound != 0) return system_failure(attempt, "give a folder that exists with --socket");
    if (group &&
        (::chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0 || ::chmod(path.c_str(), 0660) != 0))
        return system_failure("let the group use " + path, "leave --group out, or be root");
    if (::listen(socket.get(), backlog) != 0) return system_failure(attempt);
    return socket;
}

Result<Fd> connect_to(const std::string& path) {
    const std::string attempt = "connect to the broker at " + path;
    const auto address = address_of(path);
    if (!address) return usage_failure(attempt, "the path is empty or too long", "it may have 107 bytes");
    Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!socket || ::connect(socket.get(), generic(*address), sizeof(*address)) != 0)
        return system_failure(attempt, "is netcut-fl-broker.socket active?");
    return socket;
}

std::string path_of(const Fd& listener) {
    sockaddr_un address{};
    socklen_t size = sizeof(address) - 1;  // a path that fills it has no end of its own
    if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    std::error_code error;
    const auto path = std::filesystem::absolute(address.sun_path, error);
    return address.sun_path[0] == '\0' || error ? std::string() : path.string();
}

void notify_manager(const std::string& state) {
    const char* path = std::getenv("NOTIFY_SOCKET");
    auto address = address_of(path != nullptr ? path : "");
    if (!address) return;
    if (address->sun_path[0] == '@') address->sun_path[0] = '\0';  // an abstract one
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
    // A manager that does not listen is no reason to stop.
    if (::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, generic(*address), size) < 0) return;
}

std::optional<std::chrono::microseconds> watchdog_period() {
    const auto period = number(std::getenv("WATCHDOG_USEC"));
    if (!period || *period == 0) return {};
    return std::chrono::microseconds(*period / 2);
}

std::optional<unsigned> find_group(const std::string& name) {
    if (const auto id = number(name.c_str())) return static_cast<unsigned>(*id);
    const struct group* found = ::getgrnam(name.c_str());
    if (found == nullptr) return {};
    return found->gr_gid;
}

}  // namespace netcut
