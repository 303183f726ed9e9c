// SPDX-License-Identifier: Apache-2.0
#include "kernel/netns.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <future>

#include "base/thread.h"

namespace netcut {
namespace {

constexpr const char* own_ns = "/proc/thread-self/ns/net";
// Of the namespaces that are made from within this one (Documentation/networking/ip-sysctl.rst).
constexpr const char* child_connections = "net/ipv4/tcp_child_ehash_entries";
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
    std::packaged_task<Result<T>()> task(work);
    NETCUT_ASSIGN(std::thread thread, start_thread("work in a network namespace", [&task] { task(); }));
    thread.join();
    return task.get_future().get();
}

// Names are remembered by each procfs for all namespaces in one place, so that finding a file takes longer
// the more of them there are. One of our own remembers few.
constexpr std::size_t namespaces_a_procfs = 64;
thread_local Fd own_procfs;

// Without the right to it, the machine's is used.
Fd open_procfs() {
    const Fd context(::fsopen("proc", FSOPEN_CLOEXEC));
    if (!context || ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return Fd();
    return Fd(
        ::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
}

Fd open_sysctl(const std::string& path) {
    if (own_procfs) return Fd(::openat(own_procfs.get(), ("sys/" + path).c_str(), O_RDWR | O_CLOEXEC));
    return Fd(::open(("/proc/sys/" + path).c_str(), O_RDWR | O_CLOEXEC));
}

Result<void> write_sysctl(const std::string& path, const std::string& value) {
    const std::string file = "/proc/sys/" + path;
    const Fd fd = open_sysctl(path);
    if (!fd) return system_failure("open " + file);
    NETCUT_TRY(write_all(fd.get(), value, "write " + value + " to " + file));
    // Through the same descriptor: finding the file again would cost more than reading it.
    std::array<char, 128> buffer;
    const ssize_t size = ::pread(fd.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) return system_failure("read " + file);
    const std::string_view read(buffer.data(), static_cast<std::size_t>(size));
    const std::string_view now = read.substr(0, read.find('\n'));
    if (now != value)
        return machine_failure("set " + file + " to " + value, "it stays at " + std::string(now));
    return {};
}

}  // namespace

Result<NetNs> NetNs::create(const std::function<Result<void>()>& set_up) {
    return on_own_thread<NetNs>([&]() -> Result<NetNs> {
        NETCUT_ASSIGN(Fd fd, unshare_net());
        if (set_up) NETCUT_TRY(set_up());
        return NetNs(std::move(fd));
    });
}

Result<std::vector<NetNs>> NetNs::create_many(std::size_t count,
                                              const std::function<Result<void>()>& set_up) {
    return on_own_thread<std::vector<NetNs>>([&]() -> Result<std::vector<NetNs>> {
        NETCUT_ASSIGN(const Fd parent, unshare_net());
        if (::access((std::string("/proc/sys/") + child_connections).c_str(), F_OK) == 0)
            NETCUT_TRY(write_sysctl(child_connections, connection_buckets));
        std::vector<NetNs> made;
        made.reserve(count);
        while (made.size() < count) {
            if (::setns(parent.get(), CLONE_NEWNET) != 0) return system_failure("enter a network namespace");
            NETCUT_ASSIGN(Fd fd, unshare_net());
            if (made.size() % namespaces_a_procfs == 0) own_procfs = open_procfs();
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
    for (const auto& [path, value] : settings) NETCUT_TRY(write_sysctl(path, value));
    return {};
}

}  // namespace netcut
