// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>

#include "netcut/kernel.h"

namespace netcut {
namespace {

constexpr const char* own_ns = "/proc/thread-self/ns/net";
// Of the namespaces that are made from within this one (Documentation/networking/ip-sysctl.rst).
constexpr const char* child_connections = "/proc/sys/net/ipv4/tcp_child_ehash_entries";
constexpr const char* connection_buckets = "1024";

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

Result<void> write_sysctl(const std::string& file, const std::string& value) {
    const Fd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd) return system_failure("open " + file);
    NETCUT_TRY(write_all(fd.get(), value, "write " + value + " to " + file));
    // Through the same descriptor: finding the file costs more the more namespaces there are.
    std::array<char, 128> buffer;
    const ssize_t size = ::pread(fd.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) return system_failure("read " + file);
    const std::string_view read(buffer.data(), static_cast<std::size_t>(size));
    const std::string_view now = read.substr(0, read.find('\n'));
    if (now != value)
        return Failure(Error{Error::Kind::machine, "set " + file + " to " + value, 0,
                             "it stays at " + std::string(now), ""});
    return {};
}

}  // namespace

Result<NetNs> NetNs::create() {
    return on_own_thread<NetNs>([]() -> Result<NetNs> {
        NETCUT_ASSIGN(Fd fd, unshare_net());
        return NetNs(std::move(fd));
    });
}

Result<std::vector<NetNs>> NetNs::create_many(std::size_t count,
                                              const std::function<Result<void>()>& set_up) {
    return on_own_thread<std::vector<NetNs>>([&]() -> Result<std::vector<NetNs>> {
        NETCUT_ASSIGN(const Fd parent, unshare_net());
        if (::access(child_connections, F_OK) == 0)
            NETCUT_TRY(write_sysctl(child_connections, connection_buckets));
        std::vector<NetNs> made;
        made.reserve(count);
        while (made.size() < count) {
            if (::setns(parent.get(), CLONE_NEWNET) != 0) return system_failure("enter a network namespace");
            NETCUT_ASSIGN(Fd fd, unshare_net());
            made.push_back(NetNs(std::move(fd)));
            NETCUT_TRY(set_up());
        }
        return made;
    });
}

Result<void> NetNs::run(const std::function<Result<void>()>& work) const {
    return on_own_thread<void>([&]() -> Result<void> {
        if (::setns(fd(), CLONE_NEWNET) != 0) return system_failure("enter a network namespace");
        return work();
    });
}

Result<void> set_sysctls(std::span<const std::pair<std::string, std::string>> settings) {
    for (const auto& [path, value] : settings) NETCUT_TRY(write_sysctl("/proc/sys/" + path, value));
    return {};
}

}  // namespace netcut
