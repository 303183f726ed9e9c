// SPDX-License-Identifier: Apache-2.0
#include "kernel/user_alone.h"

#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/capabilities.h"
#include "kernel/end_with_parent.h"
#include "kernel/precedence.h"
#include "kernel/run_filter.h"

namespace netcut {
namespace {

// Root's engine is bound by none. What nodes have is set when they start.
void lift_limit_on_processes() {
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_NPROC, &none);
}

bool set_groups(const Ids& ids) {
    return ::setgroups(ids.groups.size(), ids.groups.data()) == 0 &&
           ::setresgid(ids.gid, ids.gid, ids.gid) == 0;
}

Ids own_groups() {
    Ids own{::geteuid(), ::getegid(), std::vector<gid_t>(static_cast<std::size_t>(::getgroups(0, nullptr)))};
    ::getgroups(static_cast<int>(own.groups.size()), own.groups.data());
    return own;
}

// The rights that go with another effective id for now.
bool use_what_is_permitted() {
    auto own = Capabilities::own();
    if (!own) return false;
    for (const unsigned one : {CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID}) own->set_effective(one, true);
    return own->apply();
}

// Groups first: in the namespace nobody can set them. The namespace is the user's, as that of a run without root is:
// a debugger of the user's reaches the nodes. False: all is as it was.
bool enter_namespace(const Ids& user) {
    const Ids before = own_groups();
    if (set_groups(user) && ::seteuid(user.uid) == 0 && use_what_is_permitted() &&
        ::unshare(CLONE_NEWUSER) == 0)
        return true;
    (void)!::seteuid(before.uid);
    set_groups(before);
    return false;
}

bool hand_down_rights() {
    auto own = Capabilities::own();
    return own && own->hand_down() && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

}  // namespace

Result<std::optional<Keeper>> become_user_alone(const Ids& user) {
    const EndWithParent with_parent;
    take_precedence();
    lift_limit_on_processes();
    NETCUT_ASSIGN(std::optional<Keeper> keeper, Keeper::start(user));
    // What root has in a keyring is not the run's. Where no call reaches keys there are none.
    ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
    if (mount_own_proc() != nullptr || !enter_namespace(user)) return std::optional<Keeper>();
    const auto must = [](bool done, const char* attempt) -> Result<void> {
        if (done) return {};
        return system_failure(attempt, "please report it");
    };
    NETCUT_TRY(must(keeper->write_maps(), "map the user into the run's user namespace"));
    NETCUT_TRY(must(::setresuid(user.uid, user.uid, user.uid) == 0, "become the user"));
    NETCUT_TRY(must(hand_down_rights(), "hand down the rights over the run's user namespace"));
    if (const char* failed = filter_calls_of_run(); failed != nullptr) return system_failure(failed);
    with_parent.ask_again();
    return keeper;
}

}  // namespace netcut
