// SPDX-License-Identifier: Apache-2.0
#include "kernel/rights.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>

#include "base/io.h"
#include "kernel/capabilities.h"

namespace netcut {
namespace {

constexpr const char* gaining = "make a user namespace, to work without root";

// The value of a sysctl that exists on some distributions only.
std::string sysctl(const std::string& path) {
    const std::string text = read_file("/proc/sys/" + path).value_or("");
    return text.substr(0, text.find('\n'));
}

// What forbids it, and how it is allowed: each distribution has a way of its own.
std::string how_to_allow(int code) {
    constexpr const char* or_root = "or run it with sudo";
    if (sysctl("user/max_user_namespaces") == "0" || code == ENOSPC)
        return fmt::format("raise the sysctl user.max_user_namespaces, {}", or_root);
    if (sysctl("kernel/unprivileged_userns_clone") == "0")
        return fmt::format("sudo sysctl kernel.unprivileged_userns_clone=1, {}", or_root);
    if (sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1")
        return fmt::format(
            "install the AppArmor profile that comes with it: sudo cp "
            "<prefix>/share/netcut-fl/apparmor.d/netcut-fl /etc/apparmor.d/ && sudo apparmor_parser -r "
            "/etc/apparmor.d/netcut-fl, {}",
            or_root);
    if (code == EINVAL) return "this kernel lacks CONFIG_USER_NS: run it with sudo";
    if (code == EUSERS) return "32 of them are inside of each other already";
    return fmt::format("a container or a security module forbids it: allow user namespaces there, {}",
                       or_root);
}

Failure forbidden(int code) {
    return system_failure(gaining, code, how_to_allow(code));
}

Result<void> write_map(const char* file, const std::string& text) {
    const Fd fd(::open(file, O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), text.data(), text.size()) < 0) return forbidden(errno);
    return {};
}

}  // namespace

Result<Rights> gain_rights() {
    const auto own = Capabilities::own();
    if (!own) return system_failure("read this process's rights");
    const bool in_namespace = !may_set_groups();
    if (own->has(CAP_SYS_ADMIN) && own->has(CAP_NET_ADMIN))
        return in_namespace ? Rights::user_namespace : Rights::host;
    const uid_t uid = ::geteuid();
    const gid_t gid = ::getegid();
    if (::unshare(CLONE_NEWUSER) != 0) return forbidden(errno);
    NETCUT_TRY(write_map("/proc/self/setgroups", "deny"));
    NETCUT_TRY(write_map("/proc/self/uid_map", fmt::format("{0} {0} 1", uid)));
    NETCUT_TRY(write_map("/proc/self/gid_map", fmt::format("{0} {0} 1", gid)));
    auto gained = Capabilities::own();
    if (!gained || !gained->hand_down()) return forbidden(errno);
    return Rights::user_namespace;
}

bool may_set_groups() {
    return !read_file("/proc/self/setgroups").value_or("").starts_with("deny");
}

}  // namespace netcut
