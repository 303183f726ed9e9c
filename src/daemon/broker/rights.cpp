// SPDX-License-Identifier: Apache-2.0
#include "daemon/broker/rights.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <span>

#include "base/io.h"
#include "kernel/capabilities.h"

namespace netcut {
namespace {

Result<void> keep_only(std::span<const unsigned> kept) {
    const std::string attempt = "give up rights that are not needed";
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure(attempt);
    auto own = Capabilities::own();
    if (!own) return system_failure(attempt);
    if (!own->any()) return {};  // of another user than root, and by the unit
    const bool bounded = !own->has(CAP_SETPCAP) || bound_capabilities(kept);
    own->keep_only(kept);
    if (!bounded || !own->apply()) return system_failure(attempt);
    return {};
}

// What is in it is root's alone: it is not looked at again when it is the account's.
Result<void> give_folder(const std::string& path, const User& account) {
    const std::string attempt = "give the folder " + path + " to " + account.name;
    const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    if (!folder || ::fstat(folder.get(), &info) != 0) return system_failure(attempt);
    if (info.st_uid == account.uid) return {};
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path, error))
        if (::fchownat(folder.get(), entry.path().filename().c_str(), account.uid, account.gid,
                       AT_SYMLINK_NOFOLLOW) != 0)
            return system_failure(attempt);
    if (error) return system_failure(attempt, error.value());
    if (::fchown(folder.get(), account.uid, account.gid) != 0) return system_failure(attempt);
    return {};
}

}  // namespace

Result<void> keep_rights_of_broker() {
    // To be the user where files are opened, and in netcut-fl-launch (SETUID, SETGID), and there to make a user
    // namespace and its mounts (SYS_ADMIN), to map root (SETFCAP) and to give the engine precedence
    // (SYS_NICE); to end a worker (KILL).
    constexpr std::array<unsigned, 6> kept{CAP_SETUID,  CAP_SETGID,   CAP_SYS_ADMIN,
                                           CAP_SETFCAP, CAP_SYS_NICE, CAP_KILL};
    return keep_only(kept);
}

Result<void> give_up_rights() {
    return keep_only({});
}

Result<void> become_account(const User& account, const std::string& state) {
    if (::geteuid() != 0 || account.uid == 0) return {};
    NETCUT_TRY(give_folder(state, account));
    const std::string attempt = "become the user " + account.name;
    const auto own = Capabilities::own();
    const bool bounded = own && (!own->has(CAP_SETPCAP) || bound_capabilities({}));
    if (!bounded || ::setgroups(account.groups.size(), account.groups.data()) != 0 ||
        ::setresgid(account.gid, account.gid, account.gid) != 0 ||
        ::setresuid(account.uid, account.uid, account.uid) != 0)
        return system_failure(attempt);
    if (::access(state.c_str(), R_OK | W_OK | X_OK) != 0)
        return system_failure("use the folder " + state + " as " + account.name,
                              "give another one with --state, or another --user");
    return {};
}

void keep_rights_to_be_a_user() {
    constexpr std::array<unsigned, 2> kept{CAP_SETUID, CAP_SETGID};
    auto own = Capabilities::own();
    if (!own) std::abort();
    // To have the user's ids for files would not do: CAP_SYS_PTRACE opens what is behind /proc/PID/cwd and
    // /proc/PID/root.
    own->keep_only(kept);
    if (!own->apply()) std::abort();  // to give some up is always allowed
}

}  // namespace netcut
