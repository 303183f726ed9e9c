// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "netcut/kernel.h"

namespace netcut {
namespace {

constexpr const char* own_ns = "/proc/thread-self/ns/net";

Result<Fd> open_own_ns() {
    Fd fd(::open(own_ns, O_RDONLY | O_CLOEXEC));
    if (!fd) return system_failure("open the network namespace of this thread");
    return fd;
}

Result<Fd> unshare_net() {
    if (::unshare(CLONE_NEWNET) != 0)
        return system_failure("create a network namespace",
                              errno == ENOSPC   ? "raise the sysctl user.max_net_namespaces"
                              : errno == EINVAL ? "this kernel has no network namespaces (CONFIG_NET_NS)"
                                                : "");
    return open_own_ns();
}

// A thread that ends takes its namespace with it, so nothing has to be put back.
template <typename T>
Result<T> on_own_thread(const std::function<Result<T>()>& work) {
    Result<T> result = Failure(Error{});
    std::thread([&] { result = work(); }).join();
    return result;
}

Result<void> write_sysctl(const std::string& path, const std::string& value) {
    const std::string file = "/proc/sys/" + path;
    const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return system_failure("open " + file);
    NETCUT_TRY(write_all(fd.get(), value, "write " + value + " to " + file));
    NETCUT_ASSIGN(const std::string now, read_file(file));
    if (now.substr(0, now.find('\n')) != value)
        return Failure(
            Error{Error::Kind::machine, "set " + file + " to " + value, 0, "it stays at " + now, ""});
    return {};
}

}  // namespace

Result<NetNs> NetNs::create() {
    NETCUT_ASSIGN(auto made, create_many(1));
    return std::move(made.front());
}

Result<std::vector<NetNs>> NetNs::create_many(std::size_t count) {
    return on_own_thread<std::vector<NetNs>>([count]() -> Result<std::vector<NetNs>> {
        std::vector<NetNs> made;
        made.reserve(count);
        while (made.size() < count) {
            NETCUT_ASSIGN(Fd fd, unshare_net());
            made.push_back(NetNs(std::move(fd)));
        }
        return made;
    });
}

Result<NetNs> NetNs::current() {
    NETCUT_ASSIGN(Fd fd, open_own_ns());
    return NetNs(std::move(fd));
}

Result<void> NetNs::run(const std::function<Result<void>()>& work) const {
    return on_own_thread<void>([&]() -> Result<void> {
        if (::setns(fd(), CLONE_NEWNET) != 0) return system_failure("enter a network namespace");
        return work();
    });
}

Result<void> NetNs::set_sysctls(std::span<const std::pair<std::string, std::string>> settings) const {
    return run([&]() -> Result<void> {
        for (const auto& [path, value] : settings) NETCUT_TRY(write_sysctl(path, value));
        return {};
    });
}

}  // namespace netcut
